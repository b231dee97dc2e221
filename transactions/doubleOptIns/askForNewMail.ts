/**
 * Repeats an expired request for a person who opens its link later: a new request for the same grants, on the same contact point, with the
 * original wording. The claim limits the number of mails.
 *
 * Locks: the contact point (twice, one after the other).
 */
import { eq } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import { doubleOptIns } from '../../db/schema/doubleOptIns.ts'
import { notices } from '../../db/schema/ledger.ts'
import type { Notice } from '../../domain/shapes/consent.ts'
import type { Deps } from '../deps.ts'
import { lockContactPoint } from '../locks.ts'
import type { PersonSaid } from '../said.ts'
import type { RequestRow } from './confirmDoubleOptIn.ts'
import { expireIn } from './expireRequest.ts'
import { readConfirmation } from './readConfirmation.ts'
import { requestDoubleOptIn } from './requestDoubleOptIn.ts'

/**
 * @returns `mail-sent`; if the request has not expired, its state, and nothing was done
 * @throws Refusal not-found for an unknown token; invalid if its purposes are no longer offered
 */
export async function askForNewMail(
  deps: Deps,
  token: string,
  said: PersonSaid,
): Promise<'mail-sent' | Exclude<RequestRow['state'], 'expired'>> {
  const shown = await readConfirmation(deps, token)
  const state = await expireIfDue(deps, shown.request)
  if (state !== 'expired') return state
  const { request } = shown
  const notice = await noticeOf(deps, request)
  await requestDoubleOptIn(
    deps,
    {
      contactPoint: { channel: shown.channel, address: shown.address },
      profile: request.profile,
      grants: request.grants.map(({ purpose, topic }) => (topic === null ? { purpose } : { purpose, topic })),
      circumstances: `asked for a new mail on the page of the expired request ${request.id}, reached by the link mailed to the address`,
      ...(notice === null ? {} : { notice }),
      evidence: {
        pageUrl: said.pageUrl,
        ...(said.ip === null ? {} : { ip: said.ip }),
        ...(said.userAgent === null ? {} : { userAgent: said.userAgent }),
      },
    },
    { caller: null },
  )
  return 'mail-sent'
}

/** A request whose time has passed must have ended before the same wish is asked again, or it would be the same request. */
async function expireIfDue(deps: Deps, { id, contactPointId }: RequestRow): Promise<RequestRow['state']> {
  return deps.db.transaction(async (tx) => {
    const contactPoint = await lockContactPoint(tx, contactPointId)
    const [request] = await tx.select().from(doubleOptIns).where(eq(doubleOptIns.id, id))
    if (request === undefined) throw new Error('a request vanished under its lock')
    if (request.state !== 'pending' || (await databaseNow(tx)) < request.expiresAt) return request.state
    await expireIn(tx, deps, contactPoint, request)
    return 'expired'
  })
}

async function noticeOf({ db }: Deps, request: RequestRow): Promise<Notice | null> {
  const { notice, noticeHash } = request
  if (noticeHash === null || notice === null) return null
  const [row] = await db
    .select({ wording: notices.wording })
    .from(notices)
    .where(eq(notices.hash, noticeHash))
  return row === undefined ? null : { ...notice, wording: row.wording }
}
