/**
 * Answers the workflow of a double opt-in: how the request stands, how many mails are due, and when to ask again. A timer that
 * fired expires the request, or makes the one reminder due, unless the person was faster.
 *
 * Lock: the contact point.
 */
import { eq } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import type { Db } from '../../db/connect.ts'
import { readStandings } from '../../db/reads/standings.ts'
import { doubleOptIns } from '../../db/schema/doubleOptIns.ts'
import { notFound } from '../../domain/refusal.ts'
import { point } from '../../points.ts'
import type { House } from '../house.ts'
import { appendEvents } from '../ledger/appendEvents.ts'
import { type ContactPointRow, lockContactPoint } from '../locks.ts'
import { announce } from './announce.ts'
import { stillPending } from './withdrawRequests.ts'

export type RequestStanding =
  | { state: 'pending'; mails: number /** On the run's own clock. */; until: string }
  | { state: 'confirmed' | 'expired' | 'withdrawn' }

/** @param now the workflow's own clock, RFC 3339 */
export async function settleDoubleOptIn(house: House, id: string, now: string): Promise<RequestStanding> {
  const [found] = await house.db
    .select({ contactPointId: doubleOptIns.contactPointId })
    .from(doubleOptIns)
    .where(eq(doubleOptIns.id, id))
  if (found === undefined) throw notFound('double opt-in', id)
  await point('double-opt-in:before-settle')
  return house.db.transaction(async (tx) => {
    const contactPoint = await lockContactPoint(tx, found.contactPointId)
    const [request] = await tx.select().from(doubleOptIns).where(eq(doubleOptIns.id, id))
    if (request === undefined) throw notFound('double opt-in', id)
    if (request.state !== 'pending') return { state: request.state }
    if (now >= request.expiresAt) {
      await expireIn(tx, house, contactPoint, request)
      return { state: 'expired' }
    }
    const reminderDue = request.remindAt !== null && request.remindedAt === null && now >= request.remindAt
    const mails = request.mailsWanted + (reminderDue ? 1 : 0)
    if (reminderDue) {
      await tx
        .update(doubleOptIns)
        .set({ remindedAt: now, mailsWanted: mails })
        .where(eq(doubleOptIns.id, id))
    }
    const reminder = reminderDue || request.remindedAt !== null ? null : request.remindAt
    const until = reminder !== null && reminder < request.expiresAt ? reminder : request.expiresAt
    return { state: 'pending', mails, until }
  })
}

/** pending → expired. The contact point's lock is held. */
export async function expireIn(
  tx: Db,
  house: House,
  contactPoint: ContactPointRow,
  request: typeof doubleOptIns.$inferSelect,
): Promise<void> {
  const grants = stillPending(await readStandings(tx, contactPoint.id), request.id, request.grants)
  // First the request, then the ledger: an append looks for requests that lost their pending grants, and takes them for withdrawn.
  const now = await databaseNow(tx)
  await tx
    .update(doubleOptIns)
    .set({ state: 'expired', settledAt: now })
    .where(eq(doubleOptIns.id, request.id))
  await appendEvents(
    tx,
    house,
    contactPoint,
    grants.map((grant) => ({
      kind: 'pending-ended' as const,
      purpose: grant.purpose,
      topic: grant.topic,
      state: null,
      occurredAt: null,
      source: { kind: 'double-opt-in' as const, via: 'expired' },
      related: { doubleOptIn: request.id },
    })),
  )
  await announce(tx, request, grants, contactPoint, 'expired', now)
}
