/** Verifications of the whole ledger: their progress and their findings so far. */
import { eq } from 'drizzle-orm'
import type { Db } from '../db/connect.ts'
import type { LedgerReport } from '../db/reads/verifyLedger.ts'
import { ledgerVerifications } from '../db/schema/ledger.ts'
import { notFound } from '../domain/refusal.ts'

export type VerificationView = LedgerReport & {
  id: string
  state: 'waiting' | 'running' | 'finished' | 'failed'
  /** An estimate of how many contact points there are; null where there is none. */
  contactPointsExpected: number | null
  requestedAt: string
  startedAt: string | null
  finishedAt: string | null
}

/** @throws Refusal not-found */
export async function getVerification(db: Db, id: string): Promise<VerificationView> {
  const [job] = await db.select().from(ledgerVerifications).where(eq(ledgerVerifications.id, id))
  if (job === undefined) throw notFound('verification', id)
  const { state, contactPointsExpected, requestedAt, startedAt, finishedAt } = job
  const { contactPoints, events, firstBreak, firstDifference } = job
  return {
    id,
    state,
    requestedAt,
    startedAt,
    finishedAt,
    contactPointsExpected,
    contactPoints,
    events,
    firstBreak,
    states: { checked: job.states, firstDifference },
  }
}
