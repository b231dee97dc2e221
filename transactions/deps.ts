/** What transactions need. */
import type { Logger } from 'pino'
import type { Db } from '../db/connect.ts'
import type { Versions } from '../db/reads/versions.ts'
import type { DataKeyring } from '../domain/ledger/keyring.ts'
import { type FieldError, invalid } from '../domain/refusal.ts'
import type { Profile } from '../domain/shapes/profile.ts'
import type { Threads } from '../threads/pool.ts'

export type Deps = {
  db: Db
  /**
   * A small pool for single reads, which pipelines reads that are sent at the same time. Default: `db`.
   */
  reads?: Db
  /** Cache of published versions, which never change. */
  versions: Versions
  /** Threads for work on untrusted input, with a deadline: rendering, reading HTML, checking payloads. */
  threads: Threads
  /** Wraps the contact points' own keys (ASSENT_DATA_KEYS). */
  dataKeys: DataKeyring
  /** Keys of the channels that this process can send on (`channels/registry.ts`). */
  channels: ReadonlySet<string>
  /** Errors in a profile with which these channels cannot send. */
  checkSender: (profile: Profile) => Promise<readonly FieldError[]>
  /** For outcomes (`outcomes.ts`), and alarms for operators about requests that succeed. Never log personal data. */
  log: Logger
  /** If `db` is a transaction of the caller: functions to call after its commit. */
  afterCommit?: (() => void)[]
}

/** Channels that exist even without a configured provider, so that opt-outs can always be recorded. */
const builtInChannels: readonly string[] = ['email', 'sms']

/**
 * Refuses an address on a channel that does not exist. Nothing could be sent there, so it is an error of the caller, often a typing error.
 * @param pointer to the channel, or to the address if the channel is its key
 * @throws Refusal invalid, `unknown-channel`
 */
export function requireChannel(deps: Pick<Deps, 'channels'>, channel: string, pointer: string): void {
  if (builtInChannels.includes(channel) || deps.channels.has(channel)) return
  const known = [...new Set([...builtInChannels, ...deps.channels])].join(', ')
  throw invalid(pointer, 'unknown-channel', `There is no channel "${channel}". Use one of ${known}.`)
}
