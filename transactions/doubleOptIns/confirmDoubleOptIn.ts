/**
 * Confirms a request: pending → confirmed, with `opted-in` events for exactly the grants that were ticked and are still pending. A race
 * between confirmation and expiry is decided by the request's row under the contact point's lock.
 *
 * Locks: the address, because the confirmation may create a contact; then the contact point.
 */
import { and, eq, inArray, isNull } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import type { Db } from '../../db/connect.ts'
import { readStandings } from '../../db/reads/standings.ts'
import { contactPoints } from '../../db/schema/contacts.ts'
import { purposes } from '../../db/schema/definitions.ts'
import { doubleOptIns, doubleOptInTokens, type Grant } from '../../db/schema/doubleOptIns.ts'
import { notices, suppressions } from '../../db/schema/ledger.ts'
import { hashToken, parseHandle } from '../../domain/messages/handles.ts'
import { Refusal } from '../../domain/refusal.ts'
import type { Notice } from '../../domain/shapes/consent.ts'
import { failpoint } from '../../failpoints.ts'
import type { Deps } from '../deps.ts'
import { announce } from '../ledger/announceRequest.ts'
import { appendEvents, type Recorded } from '../ledger/appendEvents.ts'
import { stillPending } from '../ledger/withdrawRequests.ts'
import { type LockedContactPoint, lockContactPoint, lockIdentity } from '../locks.ts'
import { admitNewcomer } from './admitNewcomer.ts'
import { expireIn } from './expireRequest.ts'

export type RequestRow = typeof doubleOptIns.$inferSelect

/** The request behind a token, for the page. */
export async function readRequest(db: Db, token: string): Promise<RequestRow> {
  const handle = parseHandle(token)
  if (handle === null) throw unknownLink()
  const [row] = await db
    .select({ request: doubleOptIns })
    .from(doubleOptInTokens)
    .innerJoin(doubleOptIns, eq(doubleOptIns.id, doubleOptInTokens.doubleOptIn))
    .where(eq(doubleOptInTokens.hash, Buffer.from(hashToken(handle), 'hex')))
  if (row === undefined) throw unknownLink()
  return row.request
}

export type Confirmation = 'confirmed' | 'already-confirmed' | 'expired' | 'withdrawn'

/**
 * @param said what the page showed to the person, and from where the answer came
 * @throws Refusal not-found for a token that is none of ours
 */
export async function confirmDoubleOptIn(
  deps: Deps,
  token: string,
  said: { notice: Notice; pageUrl: string; ip: string | null; userAgent: string | null },
): Promise<Confirmation> {
  const found = await readRequest(deps.db, token)
  await failpoint('double-opt-in:before-confirm')
  return deps.db.transaction(async (tx) => {
    const identity = await lockIdentity(tx, { addresses: await addressOf(tx, found.contactPointId) })
    const contactPoint = await lockContactPoint(tx, found.contactPointId)
    const [request] = await tx.select().from(doubleOptIns).where(eq(doubleOptIns.id, found.id))
    if (request === undefined) throw unknownLink()
    if (request.state === 'confirmed') return 'already-confirmed'
    if (request.state !== 'pending') return request.state
    const now = await databaseNow(tx)
    if (now >= request.expiresAt) {
      await expireIn(tx, deps, contactPoint, request)
      return 'expired'
    }
    const grants = stillPending(await readStandings(tx, contactPoint.id), request.id, request.grants)
    const notice = (await noticeOf(tx, request)) ?? said.notice
    await tx
      .update(doubleOptIns)
      .set({ state: 'confirmed', settledAt: now })
      .where(eq(doubleOptIns.id, request.id))
    const { events } = await appendEvents(
      tx,
      deps,
      contactPoint,
      grants.map((grant) => confirmed(grant, request, notice, said)),
    )
    await admitNewcomer(tx, deps, identity, contactPoint)
    await liftSuppressions(tx, contactPoint, events, now)
    await announce(tx, request, grants, contactPoint, 'confirmed', now)
    return 'confirmed'
  })
}

/** None where it was erased; it never becomes another. */
async function addressOf(tx: Db, contactPointId: string): Promise<Map<string, string>> {
  const [row] = await tx
    .select({ channel: contactPoints.channel, address: contactPoints.address })
    .from(contactPoints)
    .where(eq(contactPoints.id, contactPointId))
  return new Map(row === undefined || row.address === null ? [] : [[row.channel, row.address]])
}

function confirmed(
  grant: Grant,
  request: RequestRow,
  notice: Notice,
  said: { notice: Notice; pageUrl: string; ip: string | null; userAgent: string | null },
) {
  return {
    kind: 'consent' as const,
    purpose: grant.purpose,
    topic: grant.topic,
    state: 'opted-in' as const,
    occurredAt: null,
    source: { kind: 'double-opt-in' as const },
    notice,
    clear: { lawfulBasis: 'consent', defaultState: 'unticked' as const },
    related: { doubleOptIn: request.id, message: request.message },
    sealed: {
      circumstances: `confirmed by the button of the confirmation page, reached by the link mailed to the address: ${said.notice.wording}`,
      pageUrl: said.pageUrl,
      actor: { kind: 'subject' as const, id: null, onBehalfOf: null },
      ip: said.ip,
      userAgent: said.userAgent,
    },
  }
}

/** The wording the form showed, where the request named it. */
async function noticeOf(tx: Db, request: RequestRow): Promise<Notice | null> {
  const named = request.notice ?? null
  if (request.noticeHash === null || named === null) return null
  const [row] = await tx
    .select({ wording: notices.wording })
    .from(notices)
    .where(eq(notices.hash, request.noticeHash))
  return row === undefined ? null : { ...named, wording: row.wording }
}

/**
 * Only a person's own confirmation lifts a complaint or an erasure, and only if it was for commercial mail, which these stop. A bounced
 * address stays suppressed.
 */
async function liftSuppressions(
  tx: Db,
  contactPoint: LockedContactPoint,
  events: readonly Recorded[],
  now: string,
): Promise<void> {
  const commercial = await tx
    .select({ key: purposes.key })
    .from(purposes)
    .where(
      and(eq(purposes.kind, 'commercial'), inArray(purposes.key, ['', ...events.map((one) => one.purpose)])),
    )
  const by = events.find((event) => commercial.some((purpose) => purpose.key === event.purpose))
  if (by === undefined) return
  await tx
    .update(suppressions)
    .set({ liftedAt: now, liftedBy: by.id })
    .where(
      and(
        eq(suppressions.contactPointId, contactPoint.id),
        isNull(suppressions.liftedAt),
        inArray(suppressions.kind, ['complained', 'erased']),
      ),
    )
}

/** Does not reveal whether the link ever existed. */
function unknownLink(): Refusal {
  return new Refusal('link-not-found', 'There is no such link. Copy the whole link from the message.')
}
