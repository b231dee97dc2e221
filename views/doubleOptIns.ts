/** Requests for double opt-in: their state, and the mails sent for them. No address. */
import { asc, eq, sql } from 'drizzle-orm'
import type { Db } from '../db/connect.ts'
import { momentOf } from '../db/ids.ts'
import { contactPoints } from '../db/schema/contacts.ts'
import { deliveries } from '../db/schema/deliveries.ts'
import { doubleOptIns, type Grant } from '../db/schema/doubleOptIns.ts'
import { notFound } from '../domain/refusal.ts'
import { doubleOptInWorkflowId } from '../domain/workflowIds.ts'

export type DoubleOptInView = {
  id: string
  state: 'pending' | 'confirmed' | 'expired' | 'withdrawn'
  profile: string
  /** Of its workflow in Temporal. */
  workflowId: string
  grants: Grant[]
  contactPoint: { channel: string; id: string }
  requestedAt: string
  expiresAt: string
  settledAt: string | null
  /** Oldest first; `at`: when the mail came into the state it has. */
  mails: { delivery: string; state: string; at: string }[]
}

/** @throws Refusal not-found */
export async function getDoubleOptIn(db: Db, id: string): Promise<DoubleOptInView> {
  const [row] = await db
    .select({ request: doubleOptIns, channel: contactPoints.channel })
    .from(doubleOptIns)
    .innerJoin(contactPoints, eq(contactPoints.id, doubleOptIns.contactPointId))
    .where(eq(doubleOptIns.id, id))
  if (row === undefined) throw notFound('double-opt-in', id)
  const mails = await db
    .select()
    .from(deliveries)
    .where(eq(deliveries.doubleOptIn, id))
    .orderBy(asc(deliveries.id))
  const { state, profile, grants, contactPointId, requestedAt, expiresAt, settledAt } = row.request
  return {
    id,
    state,
    profile,
    workflowId: doubleOptInWorkflowId(profile, id),
    grants,
    contactPoint: { channel: row.channel, id: contactPointId },
    requestedAt,
    expiresAt,
    settledAt,
    mails: mails.map((mail) => ({
      delivery: mail.id,
      state: mail.state,
      at: mail.settledAt ?? mail.handedOverAt ?? mail.claimedAt ?? momentOf(mail.id),
    })),
  }
}

/**
 * Requests that are still open an hour after their deadline: they lost their workflow. Requests that recently failed to
 * expire are left out until their next attempt is due.
 * @returns ids, the longest overdue first
 */
export async function overdueDoubleOptIns(db: Db, limit: number): Promise<string[]> {
  const { id, state, clock, expiresAt, settleAfter } = doubleOptIns
  const rows = await db
    .select({ id })
    .from(doubleOptIns)
    // Literal text, so that the partial index can be used by every plan.
    .where(
      sql`${state} = 'pending' and ${clock} = 'real' and ${expiresAt} < clock_timestamp() - interval '1 hour'
        and (${settleAfter} is null or ${settleAfter} <= clock_timestamp())`,
    )
    .orderBy(expiresAt, id)
    .limit(limit)
  return rows.map((row) => row.id)
}
