/**
 * Reads the example files as the bodies that are put over REST. A message is three files side by side: what it is
 * (`.json`), its text (`.txt`), and the content of its HTML (`.html`), which is set into the frame it names.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'

/** One body and the key it is put under. */
export interface Example {
  readonly key: string
  readonly body: Readonly<Record<string, unknown>>
}

export interface Examples {
  readonly profiles: readonly Example[]
  readonly purposes: readonly Example[]
  readonly triggers: readonly Example[]
  readonly messages: readonly Example[]
  readonly journeys: readonly Example[]
}

const bodyShape = z.record(z.string(), z.unknown())
const messageFileShape = z.looseObject({ frame: z.enum(['commercial', 'transactional']) })

/** Where a frame takes in the content. */
const opening = '<!-- content -->'

/** @throws Error naming the file that cannot be read or is no JSON object */
export function readExamples(): Examples {
  return {
    profiles: readFolder('profiles'),
    purposes: readFolder('purposes'),
    triggers: readFolder('triggers'),
    messages: readFolder('messages').map(withTexts),
    journeys: readFolder('journeys'),
  }
}

function readFolder(folder: string): Example[] {
  return readdirSync(new URL(`${folder}/`, import.meta.url))
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({ key: file.slice(0, -'.json'.length), body: readBody(`${folder}/${file}`) }))
}

function readBody(path: string): Example['body'] {
  try {
    return bodyShape.parse(JSON.parse(readText(path)))
  } catch (error) {
    throw new Error(`examples/${path} is no JSON object`, { cause: error })
  }
}

function withTexts({ key, body }: Example): Example {
  const { frame, ...rest } = messageFileShape.parse(body)
  const [before, after] = readText(`frames/${frame}.html`).split(opening)
  if (before === undefined || after === undefined)
    throw new Error(`examples/frames/${frame}.html has no ${opening}`)
  const content = readText(`messages/${key}.html`).trim()
  return { key, body: { ...rest, html: before + content + after, text: readText(`messages/${key}.txt`) } }
}

function readText(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8')
}
