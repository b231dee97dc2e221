/**
 * Verifies one contact point or a range, in one repeatable-read snapshot: each chain with its hashes, columns, notices and head, and the
 * consent states against the fold of the ledger. Memory holds one range of contact points and one page of rows. An unreadable row is a
 * finding, never an exception.
 */
import { and, asc, eq, gt, lte, type SQL, sql } from 'drizzle-orm'
import { fold } from '../../domain/consent/fold.ts'
import type { FoldEvent, Standings } from '../../domain/consent/types.ts'
import { foldEventOfRow } from '../../domain/ledger/project.ts'
import { type ChainRow, ChainVerification, noticeCheck } from '../../domain/ledger/verify.ts'
import type { Db } from '../connect.ts'
import { contactPoints } from '../schema/contacts.ts'
import type { LedgerBreak, StateBreak } from '../schema/ledger.ts'
import { chainPages, wordingsOf } from './chainRows.ts'
import { readStoredStates, stateDifference } from './stateDifference.ts'

export type LedgerReport = {
  contactPoints: number
  events: number
  /** The first break, by contact point and then by place in the chain. */
  firstBreak: LedgerBreak | null
  states: { checked: number; firstDifference: StateBreak | null }
}

type Head = { id: string; seq: number; hash: Uint8Array }

/** Bounds of a range. A range is one snapshot, which must be short, so it has fewer contact points if chains are long. */
const rangeBounds = { contactPoints: 200, events: 10_000 }

/** Verifies one contact point. */
export async function verifyContactPoint(db: Db, id: string): Promise<LedgerReport> {
  return inSnapshot(db, async (tx) => {
    const report = emptyReport()
    await verifyHeads(tx, await headsOf(tx, eq(contactPoints.id, id), 1), report)
    return report
  })
}

/**
 * Verifies the contact points after a given one, in the order of their ids, up to the bounds of a range.
 * @param range.upto the last contact point to verify; null: no limit
 * @returns `last`: the end of the range; null if none is left after it
 */
export async function verifyRange(
  db: Db,
  range: { after: string | null; upto: string | null },
  bounds = rangeBounds,
): Promise<{ report: LedgerReport; last: string | null }> {
  const { after, upto } = range
  return inSnapshot(db, async (tx) => {
    const report = emptyReport()
    const wanted = and(
      after === null ? undefined : gt(contactPoints.id, after),
      upto === null ? sql`false` : lte(contactPoints.id, upto),
    )
    const found = await headsOf(tx, wanted, bounds.contactPoints)
    const heads = found.slice(0, lengthOf(found, bounds.events))
    const whole = heads.length === found.length && found.length < bounds.contactPoints
    const last = whole ? null : (heads.at(-1)?.id ?? null)
    await verifyHeads(tx, heads, report)
    await findOrphans(tx, { after, last }, report)
    return { report, last }
  })
}

function inSnapshot<T>(db: Db, read: (tx: Db) => Promise<T>): Promise<T> {
  return db.transaction(read, { isolationLevel: 'repeatable read', accessMode: 'read only' })
}

function emptyReport(): LedgerReport {
  return { contactPoints: 0, events: 0, firstBreak: null, states: { checked: 0, firstDifference: null } }
}

function headsOf(tx: Db, where: SQL | undefined, limit: number): Promise<Head[]> {
  return tx
    .select({ id: contactPoints.id, seq: contactPoints.headSeq, hash: contactPoints.headHash })
    .from(contactPoints)
    .where(where)
    .orderBy(asc(contactPoints.id))
    .limit(limit)
}

/** How many of these contact points fit into a range by their number of events; at least one. */
function lengthOf(heads: readonly Head[], events: number): number {
  let sum = 0
  const over = heads.findIndex((head, place) => {
    sum += head.seq
    return place > 0 && sum > events
  })
  return over === -1 ? heads.length : over
}

async function verifyHeads(tx: Db, heads: readonly Head[], report: LedgerReport): Promise<void> {
  let wordings = new Map<string, string>()
  const notices = noticeCheck((hash) => wordings.get(hash))
  const ids = heads.map((head) => head.id)
  const chains = new Map(
    ids.map((id) => [id, { chain: new ChainVerification(notices), ledger: new Ledger() }]),
  )
  for await (const rows of chainPages(tx, ids)) {
    wordings = await wordingsOf(tx, rows)
    for (const row of rows) {
      const one = chains.get(row.contactPointId)
      one?.chain.take(row)
      one?.ledger.take(row)
    }
  }
  const stored = await readStoredStates(tx, ids)
  for (const head of heads) {
    const one = chains.get(head.id)
    if (one === undefined) continue
    const { events, firstBreak } = one.chain.finish(head)
    report.contactPoints += 1
    report.events += events
    if (firstBreak !== null) report.firstBreak ??= { contactPoint: head.id, ...firstBreak }
    const states = stored.get(head.id) ?? []
    const standings = one.ledger.fold()
    const difference =
      standings === null ? { purpose: null, topic: null } : stateDifference(states, standings)
    report.states.checked += states.length
    if (difference !== null) report.states.firstDifference ??= { contactPoint: head.id, ...difference }
  }
}

/** Collects the fold's input for one chain; null after an unreadable row. */
class Ledger {
  #events: FoldEvent[] | null = []

  take(row: ChainRow): void {
    try {
      this.#events?.push(foldEventOfRow(row))
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.#events = null
    }
  }

  fold(): Standings | null {
    try {
      return this.#events === null ? null : fold(this.#events)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      return null
    }
  }
}

/** Events and states in a range without a contact point. Assent never deletes one, so someone bypassed the constraints. */
async function findOrphans(
  tx: Db,
  { after, last }: { after: string | null; last: string | null },
  report: LedgerReport,
): Promise<void> {
  // Only the bounds that are set: with an "or" Postgres would not use the index.
  const gone = (point: SQL) => {
    const bounds = [
      ...(after === null ? [] : [sql`${point} > ${after}::uuid`]),
      ...(last === null ? [] : [sql`${point} <= ${last}::uuid`]),
      sql`not exists (select from contact_points p where p.id = ${point})`,
    ]
    return sql.join(bounds, sql` and `)
  }
  const [event] = await tx.execute<{ point: string; seq: string; id: string }>(sql`
    select e.contact_point_id as point, e.seq::text as seq, e.id from consent_events e
    where ${gone(sql`e.contact_point_id`)} order by e.contact_point_id, e.seq limit 1`)
  if (event !== undefined) {
    report.firstBreak ??= {
      contactPoint: event.point,
      seq: Number(event.seq),
      event: event.id,
      problem: 'orphaned',
    }
  }
  const [state] = await tx.execute<{ point: string; purpose: string; topic: string }>(sql`
    select s.contact_point_id as point, s.purpose, s.topic from consent_states s
    where ${gone(sql`s.contact_point_id`)} order by s.contact_point_id, s.purpose, s.topic limit 1`)
  if (state !== undefined) {
    const topic = state.topic === '' ? null : state.topic
    report.states.firstDifference ??= { contactPoint: state.point, purpose: state.purpose, topic }
  }
}
