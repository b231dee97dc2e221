/**
 * Advances a request for double opt-in, as `runs/advance.ts` does a run: which mail is to be sent, or until when to wait. A timer that
 * fired expires the request, or makes the one reminder due, unless the person was faster.
 *
 * Locks: the contact point, then the rows of its held mails.
 */
import { eq, inArray } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { deliveries } from '../../db/schema/deliveries.ts'
import { doubleOptIns } from '../../db/schema/doubleOptIns.ts'
import { sendResultOf } from '../../domain/delivery/states.ts'
import type { Next } from '../../domain/journey/next.ts'
import { notFound } from '../../domain/refusal.ts'
import { failpoint } from '../../failpoints.ts'
import { heldBecause } from '../deliveries/heldBecause.ts'
import { letGo } from '../deliveries/letGo.ts'
import type { Deps } from '../deps.ts'
import { lockContactPoint } from '../locks.ts'
import { expireIn } from './expireRequest.ts'

type RequestRow = typeof doubleOptIns.$inferSelect

/** @param about.now the workflow's clock, RFC 3339 */
export async function advanceRequest(deps: Deps, about: { request: string; now: string }): Promise<Next> {
  const { request: id } = about
  const [found] = await deps.db
    .select({ contactPointId: doubleOptIns.contactPointId })
    .from(doubleOptIns)
    .where(eq(doubleOptIns.id, id))
  if (found === undefined) throw notFound('double-opt-in', id)
  await failpoint('double-opt-in:before-advance')
  return deps.db.transaction(async (tx) => {
    const contactPoint = await lockContactPoint(tx, found.contactPointId)
    const clock = await databaseNow(tx)
    const [request] = await tx.select().from(doubleOptIns).where(eq(doubleOptIns.id, id))
    if (request === undefined) throw notFound('double-opt-in', id)
    if (request.state !== 'pending') {
      await letGo(tx, request.mails, request.state)
      return { do: 'end', state: request.state, reason: request.state }
    }
    const now = request.clock === 'real' && clock > about.now ? clock : about.now
    if (now >= request.expiresAt) {
      await expireIn(tx, deps, contactPoint, request)
      await letGo(tx, request.mails, 'expired')
      return { do: 'end', state: 'expired', reason: 'expired' }
    }
    return (await nextMail(tx, await remindIfDue(tx, request, now), now)) ?? untilConfirmed(request, now)
  })
}

/** The one reminder is one more mail. */
async function remindIfDue(tx: Db, request: RequestRow, now: string): Promise<RequestRow> {
  const { remindAt, remindedAt } = request
  if (remindAt === null || remindedAt !== null || now < remindAt) return request
  const change = { remindedAt: now, mails: [...request.mails, newId()] }
  await tx.update(doubleOptIns).set(change).where(eq(doubleOptIns.id, request.id))
  return { ...request, ...change }
}

/** The first mail that is due and whose fate is open. @returns null where there is none */
async function nextMail(tx: Db, { mails, expiresAt }: RequestRow, now: string): Promise<Next | null> {
  const rows = await tx.select().from(deliveries).where(inArray(deliveries.id, mails))
  for (const [index, delivery] of mails.entries()) {
    const row = rows.find(({ id }) => id === delivery)
    if (row !== undefined && sendResultOf(row.state) !== null) continue
    const what = `mail ${index + 1}`
    const held = row?.heldUntil ?? null
    if (row === undefined || held === null || now >= held) return { do: 'send', delivery, what }
    const until = held < expiresAt ? held : expiresAt
    return { do: 'wait', until, what, why: 'held', reason: heldBecause(row) }
  }
  return null
}

function untilConfirmed({ remindAt, remindedAt, expiresAt }: RequestRow, now: string): Next {
  const reminder = remindedAt === null && remindAt !== null && now < remindAt ? remindAt : expiresAt
  const until = reminder < expiresAt ? reminder : expiresAt
  return { do: 'wait', until, what: 'confirmation', why: 'confirmation' }
}
