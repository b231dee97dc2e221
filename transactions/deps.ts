/** What every transaction stands on. */
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
   * For single statements that only look: few connections, on which statements that are asked at the same time travel together.
   * Absent: `db` serves.
   */
  reads?: Db
  /** What is published and never changes, read once. */
  versions: Versions
  /** Where work on what strangers send is done, with a deadline: rendering, reading HTML, checking payloads. */
  threads: Threads
  /** Wraps the contact points' own keys (ASSENT_DATA_KEYS). */
  dataKeys: DataKeyring
  /** Channels that can be sent on (`channels/registry.ts`). */
  channels: ReadonlySet<string>
  /** What in a profile these channels cannot send with. */
  checkSender: (profile: Profile) => Promise<readonly FieldError[]>
  /** For alarms that an operator must see although the request succeeds, and outcomes (`outcomes.ts`). Takes no personal data. */
  log: Logger
  /** Where `db` is a transaction that somebody else commits: what is to be done when they have. */
  afterCommit?: (() => void)[]
}

/** Channels that exist even where no provider is set for them: no opt-out waits for a provider. */
const builtInChannels: readonly string[] = ['email', 'sms']

/**
 * Refuses an address on a channel that does not exist: nothing could ever be sent there, so a consent or contact that names it
 * is a mistake (often a typing error) that the caller must hear of.
 * @param pointer of the channel, or of the address where the channel is its key
 * @throws Refusal invalid, `unknown-channel`
 */
export function requireChannel(deps: Pick<Deps, 'channels'>, channel: string, pointer: string): void {
  if (builtInChannels.includes(channel) || deps.channels.has(channel)) return
  const known = [...new Set([...builtInChannels, ...deps.channels])].join(', ')
  throw invalid(pointer, 'unknown-channel', `There is no channel "${channel}". Use one of ${known}.`)
}
