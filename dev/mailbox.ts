/**
 * A real SMTP server that keeps every mail instead of sending it on, with a web page for people and REST for tests:
 * `GET {api}/email` lists, `GET {api}/email/{id}/source` gives one as it came over the wire.
 */
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Child } from './child/child.ts'
import { startForked } from './child/forked.ts'

export interface Mailbox {
  /** For SMTP_URL. */
  readonly smtp: string
  /** The web page. */
  readonly ui: string
  /** Where the REST routes are. */
  readonly api: string
  readonly child: Child
}

export interface MailboxOptions {
  readonly smtpPort: number
  readonly webPort: number
  readonly log: string
  /** The folder that keeps mails between runs; without it they are gone at the end. */
  readonly folder?: string
}

/** @throws PartFailed when it does not come up */
export async function startMailbox(options: MailboxOptions): Promise<Mailbox> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'assent-mails-'))
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { child } = await startForked({
    name: 'mailbox',
    file: fileURLToPath(new URL('./mailbox/process.ts', import.meta.url)),
    args: [
      String(options.smtpPort),
      String(options.webPort),
      folder,
      options.folder === undefined ? 'passing' : 'lasting',
    ],
    env: { PATH: process.env.PATH ?? '' },
    log: options.log,
    readyWithinMs: 30_000,
    graceMs: 5_000,
  })
  const web = `http://127.0.0.1:${options.webPort}`
  return { smtp: `smtp://127.0.0.1:${options.smtpPort}`, ui: web, api: web, child }
}
