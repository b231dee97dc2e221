/** `npm start` as a child: the whole stack on free ports in a folder of its own, for tests that look at it as a person does. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { checkout } from '../../dev/home.ts'
import { portSettings } from '../../dev/ports.ts'
import { until } from '../harness/until.ts'

const addressesShape = z.object({
  api: z.url(),
  apiKey: z.string(),
  mailbox: z.object({ ui: z.url(), api: z.url() }),
  temporal: z.object({ ui: z.url() }),
  shop: z.url(),
})

export interface WholeStack {
  /** Its folder, which is `.assent` for a person. */
  readonly home: string
  readonly addresses: z.infer<typeof addressesShape>
  /** Asks for an orderly end as Ctrl-C does, and answers the exit code. */
  stop(): Promise<number | null>
}

/** Variables that would replace a part, or place it where another stack is. */
const notOurs = ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'SMTP_URL', 'TWILIO_ACCOUNT_SID', 'PUBLIC_URL']

/** @throws Error with what the stack printed, where it does not come up */
export async function startWholeStack(): Promise<WholeStack> {
  const home = mkdtempSync(join(tmpdir(), 'assent-demo-'))
  const without = new Set<string>([...notOurs, ...Object.keys(portSettings)])
  const inherited = Object.entries(process.env).filter(([name]) => !without.has(name))
  const child = spawn(process.execPath, [join(checkout, 'dev/start.ts')], {
    cwd: checkout,
    env: { ...Object.fromEntries(inherited), PORT: '0', ASSENT_HOME: home, NODE_ENV: 'development' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
  const ended = once(child, 'exit')
  const stop = async (): Promise<number | null> => {
    child.kill('SIGINT')
    await ended
    rmSync(home, { recursive: true, force: true })
    return child.exitCode
  }
  const file = join(home, 'stack.json')
  try {
    await until(
      'the whole stack',
      () => Promise.resolve(existsSync(file) || child.exitCode !== null || child.signalCode !== null),
      { seconds: 100 },
    )
    return { home, addresses: addressesShape.parse(JSON.parse(readFileSync(file, 'utf8'))), stop }
  } catch (error) {
    await stop()
    throw new Error(`the stack did not come up:\n${printed}`, { cause: error })
  }
}
