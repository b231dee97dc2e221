/**
 * Appends statements to one contact point's chain, and writes what the ledger then folds to. The only place that writes the
 * ledger. In the same transaction: the point's new head, its consent states, the requests for double opt-in that an opt-out
 * ended, and the outbox rows of the `consent.*` and `double-opt-in.withdrawn` triggers.
 *
 * The contact point's lock is held by the caller; the database clock is read here, after it.
 */
import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { readFoldEvents } from '../../db/reads/foldEvents.ts'
import { contactPoints } from '../../db/schema/contacts.ts'
import { consentEvents, consentStates, notices } from '../../db/schema/ledger.ts'
import { fold } from '../../domain/consent/fold.ts'
import { compareInstants } from '../../domain/consent/instant.ts'
import type { Place } from '../../domain/consent/scope.ts'
import type { Standings } from '../../domain/consent/types.ts'
import { type ChainHead, nextLink } from '../../domain/ledger/chain.ts'
import { type DataKey, newDataKey, unwrapDataKey, wrapDataKey } from '../../domain/ledger/dataKey.ts'
import { decodeEvent } from '../../domain/ledger/encode.ts'
import type { LedgerEvent } from '../../domain/ledger/event.ts'
import { foldEventOf, projectEvent } from '../../domain/ledger/project.ts'
import { type SealedEvidence, seal } from '../../domain/ledger/seal.ts'
import { noticeHash } from '../../domain/ledger/verify.ts'
import { Refusal } from '../../domain/refusal.ts'
import { withdrawRequests } from '../doubleOptIns/withdrawRequests.ts'
import type { House } from '../house.ts'
import type { ContactPointRow } from '../locks.ts'
import { announceChanges } from './announceChanges.ts'

type Related = LedgerEvent['related']

/** What is to be stated; everything else of the event follows from the chain. */
export type Statement = {
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
 * @param contactPoint locked; how its chain ends is read anew, so one row serves several appends of a transaction
 * @param options.unannounced raises no `consent.*` trigger: what the transaction withdraws and grants again in one act
 * @throws Refusal conflict for an opt-in on an erased contact point
 */
export async function appendEvents(
  tx: Db,
  house: House,
  contactPoint: ContactPointRow,
  statements: readonly Statement[],
  options: { unannounced?: readonly Place[] } = {},
): Promise<Appended> {
  const { row, clock } = await readHead(tx, contactPoint.id)
  const past = await readFoldEvents(tx, row.id)
  // A clock that was set back must not date a withdrawal before the opt-in it withdraws.
  const last = past.at(-1)?.recordedAt ?? clock
  const now = compareInstants(last, clock) > 0 ? last : clock
  const key = await keyFor(tx, house, row, statements)
  const recorded: Recorded[] = []
  const added: LedgerEvent[] = []
  let head: ChainHead = { seq: row.headSeq, hash: row.headHash }
  for (const statement of statements) {
    const before = await alreadySaid(tx, row.id, statement.idempotencyKey ?? null)
    if (before !== null) {
      recorded.push(before)
      continue
    }
    const event = eventOf(statement, row.id, head.seq + 1, now, key)
    const link = nextLink(head, event)
    if (statement.notice != null) {
      const hash = Buffer.from(noticeHash(statement.notice.wording), 'hex')
      await tx.insert(notices).values({ hash, wording: statement.notice.wording }).onConflictDoNothing()
    }
    await tx.insert(consentEvents).values({
      ...projectEvent(event),
      bytes: link.bytes,
      previousHash: link.previousHash,
      hash: link.hash,
      idempotencyKey: statement.idempotencyKey ?? null,
    })
    recorded.push(recordedOf(event, link))
    added.push(event)
    head = { seq: link.seq, hash: link.hash }
  }
  await tx
    .update(contactPoints)
    .set({ headSeq: head.seq, headHash: head.hash })
    .where(eq(contactPoints.id, row.id))
  const standings = fold([...past, ...added.map(foldEventOf)])
  await writeStates(tx, row.id, standings)
  const folded = { before: fold(past), after: standings, now }
  await announceChanges(tx, row, added, folded, options.unannounced ?? [])
  await withdrawRequests(tx, row, standings, now)
  return { events: recorded, standings, now }
}

/** What the stored ledger of a contact point folds to, written as its consent states. */
export async function refold(tx: Db, contactPointId: string): Promise<Standings> {
  const standings = fold(await readFoldEvents(tx, contactPointId))
  await writeStates(tx, contactPointId, standings)
  return standings
}

/** The key under which this point's evidence is sealed, made on first use. */
export async function evidenceKey(tx: Db, house: House, contactPoint: ContactPointRow): Promise<DataKey> {
  if (contactPoint.dataKey !== null && contactPoint.dataKeyId !== null) {
    return unwrapDataKey(house.dataKeys, contactPoint.id, {
      wrapped: contactPoint.dataKey,
      wrappedBy: contactPoint.dataKeyId,
    })
  }
  if (contactPoint.erasedAt !== null) throw new Refusal('conflict', 'this contact point was erased')
  const key = newDataKey()
  const { wrapped, wrappedBy } = wrapDataKey(house.dataKeys, contactPoint.id, key)
  const made = await tx
    .update(contactPoints)
    .set({ dataKey: wrapped, dataKeyId: wrappedBy })
    .where(and(eq(contactPoints.id, contactPoint.id), isNull(contactPoints.dataKey)))
    .returning({ id: contactPoints.id })
  // Written over, a key would take the evidence under it along.
  if (made.length === 0) throw new Error('a contact point got its key after its row was read')
  return key
}

/**
 * The key to seal with; null for an erased contact point. Nothing of the person is kept there again, not even of an opt-out
 * by an old link; what takes permission away is still recorded, and what would give it is refused.
 */
async function keyFor(
  tx: Db,
  house: House,
  row: ContactPointRow,
  statements: readonly Statement[],
): Promise<DataKey | null> {
  if (row.erasedAt === null) return evidenceKey(tx, house, row)
  if (statements.some((statement) => statement.state === 'opted-in')) {
    throw new Refusal('conflict', 'this contact point was erased: permission is given anew, by its address')
  }
  return null
}

const clock = sql<string>`to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** The contact point as it is now, with the database's clock read at the same moment. */
async function readHead(tx: Db, id: string): Promise<{ row: ContactPointRow; clock: string }> {
  const [found] = await tx
    .select({ row: contactPoints, clock })
    .from(contactPoints)
    .where(eq(contactPoints.id, id))
  if (found === undefined) throw new Error('a contact point vanished under its lock')
  return found
}

async function writeStates(tx: Db, contactPointId: string, standings: Standings): Promise<void> {
  await tx.delete(consentStates).where(eq(consentStates.contactPointId, contactPointId))
  if (standings.entries.length === 0) return
  await tx.insert(consentStates).values(
    standings.entries.map((entry) => ({
      contactPointId,
      purpose: entry.purpose,
      topic: entry.topic ?? '',
      entry,
    })),
  )
}

function eventOf(
  statement: Statement,
  contactPoint: string,
  seq: number,
  now: string,
  key: DataKey | null,
): LedgerEvent {
  const id = newId()
  const { clear = {}, related = {}, sealed = {}, notice = null } = statement
  return {
    schemaVersion: 1,
    id,
    contactPoint,
    seq,
    kind: statement.kind,
    purpose: statement.purpose,
    topic: statement.topic,
    state: statement.state,
    occurredAt: statement.occurredAt ?? now,
    recordedAt: now,
    source: { kind: statement.source.kind, via: statement.source.via ?? null },
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
    flags: [...new Set(statement.flags ?? [])].sort(),
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
