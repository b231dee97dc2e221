/**
 * Ledger rows in the form that verification reads. Numbers and times are text: a tampered row may contain a time that no JavaScript date
 * can represent, and verification must report it rather than fail.
 */
import { and, asc, inArray, type SQL, sql } from 'drizzle-orm'
import type { ChainRow } from '../../domain/ledger/verify.ts'
import type { Db } from '../connect.ts'
import { consentEvents, notices } from '../schema/ledger.ts'

const columns = {
  id: consentEvents.id,
  contactPointId: consentEvents.contactPointId,
  seq: consentEvents.seq,
  bytes: consentEvents.bytes,
  previousHash: consentEvents.previousHash,
  hash: consentEvents.hash,
  kind: consentEvents.kind,
  purpose: consentEvents.purpose,
  topic: consentEvents.topic,
  state: consentEvents.state,
  occurredAt: sql<string>`${consentEvents.occurredAt}::text`,
  recordedAt: sql<string>`${consentEvents.recordedAt}::text`,
  expiresAt: sql<string | null>`${consentEvents.expiresAt}::text`,
  doubleOptIn: consentEvents.doubleOptIn,
  retracts: consentEvents.retracts,
  noticeHash: consentEvents.noticeHash,
}

/** Rows in memory, and hashed, at a time; small enough to delay the process's requests by a few milliseconds at most. */
const pageSize = 100

/**
 * The rows of these contact points in pages, ordered by contact point and then by place in the chain.
 * @param contactPoints some hundreds at most
 */
export async function* chainPages(db: Db, contactPoints: readonly string[]): AsyncGenerator<ChainRow[]> {
  if (contactPoints.length === 0) return
  let after: SQL | undefined
  for (;;) {
    const rows: ChainRow[] = await db
      .select(columns)
      .from(consentEvents)
      .where(and(inArray(consentEvents.contactPointId, [...contactPoints]), after))
      .orderBy(asc(consentEvents.contactPointId), asc(consentEvents.seq), asc(consentEvents.id))
      .limit(pageSize)
    if (rows.length > 0) yield rows
    const last = rows.at(-1)
    if (rows.length < pageSize || last === undefined) return
    after = sql`(${consentEvents.contactPointId}, ${consentEvents.seq}, ${consentEvents.id})
      > (${last.contactPointId}::uuid, ${last.seq}::bigint, ${last.id}::uuid)`
  }
}

/** The wordings that the rows refer to, by hash (lower-case hex). */
export async function wordingsOf(db: Db, rows: readonly ChainRow[]): Promise<Map<string, string>> {
  const hashes = new Map<string, Uint8Array>()
  for (const { noticeHash } of rows) {
    if (noticeHash !== null) hashes.set(Buffer.from(noticeHash).toString('hex'), noticeHash)
  }
  if (hashes.size === 0) return new Map()
  const found = await db
    .select()
    .from(notices)
    .where(inArray(notices.hash, [...hashes.values()]))
  return new Map(found.map(({ hash, wording }) => [Buffer.from(hash).toString('hex'), wording]))
}
