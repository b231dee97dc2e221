/**
 * Verification of the whole ledger, or of one contact point, in one repeatable-read snapshot: every chain by its hashes, columns,
 * notices and head, and the consent states against what the ledger folds to. Memory holds one batch of contact points and
 * one page of rows. Whatever a row holds, it is a finding and no failure.
 */
import { asc, eq, gt, sql } from 'drizzle-orm'
import { fold } from '../../domain/consent/fold.ts'
import type { FoldEvent, Standings } from '../../domain/consent/types.ts'
import { foldEventOfRow } from '../../domain/ledger/project.ts'
import {
  type ChainProblem,
  type ChainRow,
  ChainVerification,
  type NoticeCheck,
  noticeCheck,
} from '../../domain/ledger/verify.ts'
import type { Db } from '../connect.ts'
import { contactPoints } from '../schema/contacts.ts'
import { chainPages, wordingsOf } from './chainRows.ts'
import { readStoredStates, stateDifference } from './stateDifference.ts'

export type LedgerBreak = {
  contactPoint: string
  seq: number
  event: string | null
  problem: ChainProblem | 'orphaned'
}
export type StateBreak = {
  contactPoint: string
  /** Null: its ledger cannot be folded at all. */
  purpose: string | null
  topic: string | null
}
export type LedgerReport = {
  contactPoints: number
  events: number
  /** First by contact point, then by place in the chain. */
  firstBreak: LedgerBreak | null
  states: { checked: number; firstDifference: StateBreak | null }
}

type Head = { id: string; seq: number; hash: Uint8Array }

/** Contact points verified at once. */
const batchSize = 200

/** @param only one contact point; left out: all */
export async function verifyLedger(db: Db, only: string | null = null): Promise<LedgerReport> {
  return db.transaction(
    async (tx) => {
      const report: LedgerReport = {
        contactPoints: 0,
        events: 0,
        firstBreak: null,
        states: { checked: 0, firstDifference: null },
      }
      let wordings = new Map<string, string>()
      const notices = noticeCheck((hash) => wordings.get(hash))
      for await (const heads of batches(tx, only)) {
        await verifyBatch(tx, heads, report, notices, async (rows) => {
          wordings = await wordingsOf(tx, rows)
        })
      }
      if (only === null) await findOrphans(tx, report)
      return report
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  )
}

async function* batches(tx: Db, only: string | null): AsyncGenerator<Head[]> {
  let after: string | null = null
  for (;;) {
    const where =
      only !== null ? eq(contactPoints.id, only) : after === null ? undefined : gt(contactPoints.id, after)
    const rows: Head[] = await tx
      .select({ id: contactPoints.id, seq: contactPoints.headSeq, hash: contactPoints.headHash })
      .from(contactPoints)
      .where(where)
      .orderBy(asc(contactPoints.id))
      .limit(batchSize)
    if (rows.length > 0) yield rows
    after = rows.at(-1)?.id ?? null
    if (rows.length < batchSize || only !== null) return
  }
}

async function verifyBatch(
  tx: Db,
  heads: readonly Head[],
  report: LedgerReport,
  notices: NoticeCheck,
  loadWordings: (rows: readonly ChainRow[]) => Promise<void>,
): Promise<void> {
  const ids = heads.map((head) => head.id)
  const chains = new Map(
    ids.map((id) => [id, { chain: new ChainVerification(notices), ledger: new Ledger() }]),
  )
  for await (const rows of chainPages(tx, ids)) {
    await loadWordings(rows)
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

/** What the fold reads of one chain; null once a row cannot be read. */
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

/** Events and states whose contact point is gone: nothing in Assent takes one away, so somebody did, past all constraints. */
async function findOrphans(tx: Db, report: LedgerReport): Promise<void> {
  const [event] = await tx.execute<{ point: string; seq: string; id: string }>(sql`
    select e.contact_point_id as point, e.seq::text as seq, e.id from consent_events e
    where not exists (select from contact_points p where p.id = e.contact_point_id)
    order by e.contact_point_id, e.seq limit 1`)
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
    where not exists (select from contact_points p where p.id = s.contact_point_id)
    order by s.contact_point_id, s.purpose, s.topic limit 1`)
  if (state !== undefined) {
    const topic = state.topic === '' ? null : state.topic
    report.states.firstDifference ??= { contactPoint: state.point, purpose: state.purpose, topic }
  }
}
