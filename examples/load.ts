/**
 * Puts the examples into a running Assent over REST, and publishes their journeys. Everything is put by key, so loading
 * again changes nothing that is unchanged; a definition that was edited under these keys gets a new version with the
 * content of the files.
 *
 * On its own: `node examples/load.ts http://127.0.0.1:3000 API_KEY`
 */
import { z } from 'zod'
import { type Example, readExamples } from './read.ts'

/** Where to put them, and the key that may. */
export interface LoadOptions {
  /** Address of the API, without `/v1`. */
  readonly api: string
  /** A key with the scope `admin`. */
  readonly apiKey: string
}

/** What we read of a problem document (RFC 9457). */
const problemShape = z.object({
  title: z.string().optional(),
  detail: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })).default([]),
})

/** @throws Error saying which example was refused, and why, a line for each thing wrong */
export async function loadExamples(options: LoadOptions): Promise<void> {
  const examples = readExamples()
  // A profile may name what does not exist yet; everything else comes after what it names.
  await putAll(options, 'profiles', examples.profiles)
  await putAll(options, 'purposes', examples.purposes)
  await putAll(options, 'trigger-definitions', examples.triggers)
  await putAll(options, 'messages', examples.messages)
  await putAll(options, 'journeys', examples.journeys)
  for (const { key } of examples.journeys) await ask(options, 'POST', `/v1/journeys/${key}/publish`, {})
}

async function putAll(options: LoadOptions, collection: string, examples: readonly Example[]): Promise<void> {
  for (const { key, body } of examples) await ask(options, 'PUT', `/v1/${collection}/${key}`, body)
}

async function ask(
  { api, apiKey }: LoadOptions,
  method: 'PUT' | 'POST',
  path: string,
  body: Example['body'],
): Promise<void> {
  const answer = await fetch(new URL(path, api), {
    method,
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch((error: unknown) => {
    throw new Error(`The examples could not be loaded: ${api} does not answer.`, { cause: error })
  })
  const text = await answer.text()
  if (answer.ok) return
  throw new Error([`${method} ${path} was refused with ${answer.status}`, ...explain(text)].join('\n  '))
}

function explain(text: string): string[] {
  try {
    const { title, detail, errors } = problemShape.parse(JSON.parse(text))
    const said = detail ?? title
    return [
      ...(said === undefined ? [] : [said]),
      ...errors.map(({ pointer, message }) => `${pointer}: ${message}`),
    ]
  } catch {
    return [text.slice(0, 500)]
  }
}

if (import.meta.main) {
  const [api, apiKey] = process.argv.slice(2)
  if (api === undefined || apiKey === undefined) {
    process.stderr.write('Usage: node examples/load.ts API_ADDRESS API_KEY\n')
    process.exitCode = 2
  } else {
    try {
      await loadExamples({ api, apiKey })
      process.stdout.write('The examples are loaded.\n')
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
      process.exitCode = 1
    }
  }
}
