/** What every transaction stands on. */
import type { Db } from '../db/connect.ts'
import type { Versions } from '../db/reads/versions.ts'
import type { DataKeyring } from '../domain/ledger/keyring.ts'

export type House = {
  db: Db
  /**
   * For single statements that only look: few connections, on which statements that are asked at the same time travel together.
   * Absent: `db` serves.
   */
  reads?: Db
  /** What is published and never changes, read once. */
  versions: Versions
  /** Wraps the contact points' own keys (ASSENT_DATA_KEYS). */
  dataKeys: DataKeyring
  /** Channels that can be sent on now. */
  channels: ReadonlySet<string>
}

/** The channels these settings give. */
export function channelsOf(settings: { SMTP_URL: string }): ReadonlySet<string> {
  return new Set(settings.SMTP_URL === '' ? [] : ['email'])
}
