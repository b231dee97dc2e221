/** The README's first journey, as its reader runs it: each block of commands in one shell, and what the README says they print. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { checkout } from '../../dev/home.ts'
import { ApiClient } from '../harness/client.ts'
import { until } from '../harness/until.ts'
import { startWholeStack, type WholeStack } from './wholeStack.ts'

type Block = { commands: string; promised: string[] }

/** The `sh` blocks of a section, each with the lines of the `text` block that follows it. */
function blocksOf(section: string): Block[] {
  const readme = readFileSync(join(checkout, 'README.md'), 'utf8')
  const text = readme.split(`## ${section}\n`)[1]?.split('\n## ')[0] ?? ''
  const blocks: Block[] = []
  for (const [, kind, content = ''] of text.matchAll(/```(sh|text)\n(.*?)```/gs)) {
    if (kind === 'sh') blocks.push({ commands: content, promised: [] })
    else blocks.at(-1)?.promised.push(...content.split('\n').filter((line) => line !== ''))
  }
  return blocks
}

/** One shell that keeps its variables and functions from command to command. */
class Shell {
  readonly #child
  #output = ''

  constructor(folder: string) {
    this.#child = spawn('bash', [], { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
      })
  }

  /** @returns what the commands print */
  async run(commands: string): Promise<string> {
    this.#output = ''
    this.#child.stdin.write(`${commands}\necho end-of-the-block\n`)
    await until(`the end of ${commands.slice(0, 60)}`, () =>
      Promise.resolve(this.#output.endsWith('end-of-the-block\n')),
    )
    return this.#output.replace(/end-of-the-block\n$/, '')
  }

  close(): void {
    this.#child.kill()
  }
}

const blocks = blocksOf('A first journey')
const runsShape = z.object({ items: z.array(z.object({ endedAt: z.string().nullable() })) })
const sentShape = z.object({ items: z.array(z.object({ state: z.string() })) })

let stack: WholeStack
let shell: Shell
let folder: string

beforeAll(async () => {
  stack = await startWholeStack()
  folder = mkdtempSync(join(tmpdir(), 'assent-readme-'))
  symlinkSync(stack.home, join(folder, '.assent'))
  shell = new Shell(folder)
})
afterAll(async () => {
  shell?.close()
  await stack?.stop()
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
})

/** What a reader's `sleep` waits for: every run is over, and every mail that was sent is in the mailbox. */
async function settled(): Promise<void> {
  const { api: url, apiKey, mailbox } = stack.addresses
  const api = new ApiClient(url, apiKey)
  await until('the end of the runs', async () => {
    const { items } = await api.ok('GET', '/v1/runs?contact=c-1001', undefined, runsShape)
    const ended = items.every(({ endedAt }) => endedAt !== null)
    const sent = await api.ok('GET', '/v1/deliveries?contact=c-1001&state=sent', undefined, sentShape)
    const mails = z.array(z.unknown()).parse(await (await fetch(new URL('/email', mailbox.api))).json())
    return ended && mails.length >= sent.items.length
  })
}

describe('the first journey of the README', () => {
  it('has commands, and says what they print', () => {
    expect(blocks.length).toBeGreaterThan(4)
    expect(blocks.flatMap(({ promised }) => promised)).toContain('"reason": "topic-opted-out"')
  })

  it.each(blocks)('$commands', async ({ commands, promised }) => {
    let printed = ''
    for (const part of commands.split(/^sleep \d+\n/m)) {
      if (printed !== '') await settled()
      printed += `${await shell.run(part)}\n`
    }
    expect(printed).not.toMatch(/\/problems\/|command not found|curl: /)
    // JSON's indentation and commas are left out in the README.
    const lines = printed.split('\n').map((line) => line.trim().replace(/,$/, ''))
    expect(lines.filter((line) => promised.includes(line))).toEqual(promised)
  })
})
