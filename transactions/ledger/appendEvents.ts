/**
 * Appends events to one contact point's chain, and writes what the ledger then folds to. The only place that writes the
 * ledger. In the same transaction: the point's new head, its consent states, the requests for double opt-in that an opt-out
 * ended, and the outbox rows of the `consent.*` and `double-opt-in.withdrawn` triggers.
 *
 * The database clock is read here, after the contact point's lock was taken.
 *
 * What it costs does not grow with the chain: the standings are folded on from the stored ones. Only a retraction reads the chain.
 */
import { and, eq, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { readStoredStandings } from '../../db/reads/standings.ts'
import { contactPoints } from '../../db/schema/contacts.ts'
import { consentEvents, notices } from '../../db/schema/ledger.ts'
import { compareInstants } from '../../domain/consent/instant.ts'
import type { Place } from '../../domain/consent/scope.ts'
import type { Standings } from '../../domain/consent/types.ts'
import { type ChainHead, nextLink } from '../../domain/ledger/chain.ts'
import { decodeEvent } from '../../domain/ledger/encode.ts'
import type { LedgerEvent } from '../../domain/ledger/event.ts'
import { projectEvent } from '../../domain/ledger/project.ts'
import { type SealedEvidence, seal } from '../../domain/ledger/seal.ts'
import { noticeHash } from '../../domain/ledger/verify.ts'
import type { Deps } from '../deps.ts'
import { type ContactPointRow, changed, type LockedContactPoint } from '../locks.ts'
import { announceChanges } from './announceChanges.ts'
import { type Sealing, sealingOf } from './evidenceKey.ts'
import { foldAppended } from './foldAppended.ts'
import { writeStates } from './states.ts'
import { withdrawRequests } from './withdrawRequests.ts'

type Related = LedgerEvent['related']

/** What is to be stated; everything else of the event follows from the chain. */
export type NewEvent = {
  kind: LedgerEvent['kind']
  purpose: string
  topic: string | null
  state: LedgerEvent['state']
  /** Null: now, as for all that the subject does on our own surfaces. */
  occurredAt: string | null
  source: { kind: LedgerEvent['source']['kind']; via?: string | null }
  /** Exact wording with what names it. */
  notice?: { id: string; version: string; language: string; wording: string } | null
  clear?: Partial<
    Pick<
      LedgerEvent,
      | 'lawfulBasis'
      | 'defaultState'
      | 'formVersion'
      | 'controller'
      | 'jurisdiction'
      | 'retention'
      | 'expiresAt'
    >
  >
  related?: Partial<Related>
  flags?: string[]
  sealed?: Partial<SealedEvidence>
  /** An append with a key that this chain already has adds nothing. */
  idempotencyKey?: string | null
}

/** An event as it was recorded. */
export type Recorded = {
  id: string
  seq: number
  kind: LedgerEvent['kind']
  purpose: string
  topic: string | null
  state: LedgerEvent['state']
  occurredAt: string
  recordedAt: string
  flags: string[]
  /** Lower-case hex. */
  hash: string
  previousHash: string
}

export type Appended = { events: Recorded[]; standings: Standings; now: string }

/**
 * @param contactPoint the end of its chain is read anew, so one locked row serves several appends of a transaction
 * @param options.unannounced raises no `consent.*` trigger: what the transaction withdraws and grants again in one act
 * @throws Refusal conflict for an opt-in on an erased contact point; unavailable for one whose evidence cannot be sealed now
 */
export async function appendEvents(
  tx: Db,
  deps: Deps,
  contactPoint: LockedContactPoint,
  newEvents: readonly NewEvent[],
  options: { unannounced?: readonly Place[] } = {},
): Promise<Appended> {
  const { row: stored, clock, last } = await readHead(tx, contactPoint.id)
  const row = changed(tx, contactPoint, stored)
  // A clock that was set back must not date a withdrawal before the opt-in it withdraws.
  const now = last !== null && compareInstants(last, clock) > 0 ? last : clock
  const permission = newEvents.some((newEvent) => newEvent.state === 'opted-in')
  const sealing = await sealingOf(tx, deps, row, permission)
  const { standings: before, damaged } = await readStoredStandings(tx, row.id)
  const recorded: Recorded[] = []
  const added: LedgerEvent[] = []
  let head: ChainHead = { seq: row.headSeq, hash: row.headHash }
  for (const newEvent of newEvents) {
    const said = await alreadySaid(tx, row.id, newEvent.idempotencyKey ?? null)
    if (said !== null) {
      recorded.push(said)
      continue
    }
    const event = eventOf(newEvent, row.id, head.seq + 1, now, sealing)
    const link = nextLink(head, event)
    if (newEvent.notice != null) {
      const hash = Buffer.from(noticeHash(newEvent.notice.wording), 'hex')
      await tx.insert(notices).values({ hash, wording: newEvent.notice.wording }).onConflictDoNothing()
    }
    await tx.insert(consentEvents).values({
      ...projectEvent(event),
      bytes: link.bytes,
      previousHash: link.previousHash,
      hash: link.hash,
      idempotencyKey: newEvent.idempotencyKey ?? null,
    })
    recorded.push(recordedOf(event, link))
    added.push(event)
    head = { seq: link.seq, hash: link.hash }
  }
  await tx
    .update(contactPoints)
    .set({ headSeq: head.seq, headHash: head.hash })
    .where(eq(contactPoints.id, row.id))
  const folded = await foldAppended(tx, row, before, added)
  const standings = folded.at(-1)?.after ?? before
  await writeStates(tx, row, damaged ? null : before, standings)
  await announceChanges(tx, row, folded, options.unannounced ?? [], now)
  await withdrawRequests(tx, row, standings, now)
  return { events: recorded, standings, now }
}

const instantText = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'
const clock = sql<string>`to_char(clock_timestamp() at time zone 'utc', ${sql.raw(`'${instantText}'`)})`
const last = sql<string | null>`(
  select to_char(e.recorded_at at time zone 'utc', ${sql.raw(`'${instantText}'`)}) from consent_events e
  where e.contact_point_id = contact_points.id order by e.seq desc limit 1)`

/**
 * The contact point as it is now, with the database's clock read at the same moment, and when the end of its chain was recorded:
 * the newest moment of all, since none is recorded before the one it follows.
 */
async function readHead(
  tx: Db,
  id: string,
): Promise<{ row: ContactPointRow; clock: string; last: string | null }> {
  const [found] = await tx
    .select({ row: contactPoints, clock, last })
    .from(contactPoints)
    .where(eq(contactPoints.id, id))
  if (found === undefined) throw new Error('a contact point vanished under its lock')
  return found
}

function eventOf(
  newEvent: NewEvent,
  contactPoint: string,
  seq: number,
  now: string,
  { key, flags }: Sealing,
): LedgerEvent {
  const id = newId()
  const { clear = {}, related = {}, sealed = {}, notice = null } = newEvent
  return {
    schemaVersion: 1,
    id,
    contactPoint,
    seq,
    kind: newEvent.kind,
    purpose: newEvent.purpose,
    topic: newEvent.topic,
    state: newEvent.state,
    occurredAt: newEvent.occurredAt ?? now,
    recordedAt: now,
    source: { kind: newEvent.source.kind, via: newEvent.source.via ?? null },
    lawfulBasis: clear.lawfulBasis ?? null,
    notice:
      notice === null
        ? null
        : {
            hash: noticeHash(notice.wording),
            id: notice.id,
            version: notice.version,
            language: notice.language,
          },
    defaultState: clear.defaultState ?? null,
    formVersion: clear.formVersion ?? null,
    controller: clear.controller ?? null,
    jurisdiction: clear.jurisdiction ?? null,
    retention: clear.retention ?? null,
    expiresAt: clear.expiresAt ?? null,
    related: {
      doubleOptIn: null,
      message: null,
      messageVersion: null,
      delivery: null,
      import: null,
      row: null,
      retracts: null,
      copyOf: null,
      ...related,
    },
    flags: [...new Set([...(newEvent.flags ?? []), ...flags])].sort(),
    sealed: key === null ? null : seal(key, { contactPoint, event: id }, { ...noEvidence, ...sealed }),
  }
}

const noEvidence: SealedEvidence = {
  circumstances: null,
  reference: null,
  pageUrl: null,
  actor: null,
  ip: null,
  userAgent: null,
  evidence: null,
}

async function alreadySaid(tx: Db, contactPointId: string, key: string | null): Promise<Recorded | null> {
  if (key === null) return null
  const [row] = await tx
    .select()
    .from(consentEvents)
    .where(and(eq(consentEvents.contactPointId, contactPointId), eq(consentEvents.idempotencyKey, key)))
  if (row === undefined) return null
  return recordedOf(decodeEvent(row.bytes), row)
}

function recordedOf(event: LedgerEvent, link: { hash: Uint8Array; previousHash: Uint8Array }): Recorded {
  const { id, seq, kind, purpose, topic, state, occurredAt, recordedAt, flags } = event
  return {
    id,
    seq,
    kind,
    purpose,
    topic,
    state,
    occurredAt,
    recordedAt,
    flags,
    hash: Buffer.from(link.hash).toString('hex'),
    previousHash: Buffer.from(link.previousHash).toString('hex'),
  }
}
