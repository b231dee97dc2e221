/** What the confirmation page shows of a request: its address, the grants that would be confirmed now, and its state. */
import { and, eq } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import { readStandings } from '../../db/reads/standings.ts'
import { contactPoints } from '../../db/schema/contacts.ts'
import { profiles } from '../../db/schema/definitions.ts'
import type { Grant } from '../../db/schema/doubleOptIns.ts'
import { consentEvents } from '../../db/schema/ledger.ts'
import { Refusal } from '../../domain/refusal.ts'
import { type Profile, profileShape } from '../../domain/shapes/profile.ts'
import { describeGrants } from '../deliveries/origin.ts'
import type { Deps } from '../deps.ts'
import { stillPending } from '../ledger/withdrawRequests.ts'
import { type RequestRow, readRequest } from './confirmDoubleOptIn.ts'

export type ConfirmationShown = {
  request: RequestRow
  /** `expired` as soon as its time is over, even if the expiry is not recorded yet. */
  state: RequestRow['state']
  profile: Profile
  channel: string
  address: string
  grants: { purpose: string; topic: string | null; name: string; description: string }[]
}

/** Changes nothing. @throws Refusal not-found for a token that is none of ours */
export async function readConfirmation(deps: Deps, token: string): Promise<ConfirmationShown> {
  const { db } = deps
  const request = await readRequest(db, token)
  const [contactPoint] = await db
    .select()
    .from(contactPoints)
    .where(eq(contactPoints.id, request.contactPointId))
  const [profile] = await db.select().from(profiles).where(eq(profiles.key, request.profile))
  if (contactPoint === undefined || contactPoint.address === null || profile === undefined) {
    throw new Refusal('link-not-found', 'There is no such link. Copy the whole link from the message.')
  }
  const passed = request.state === 'pending' && (await databaseNow(db)) >= request.expiresAt
  const state = passed ? 'expired' : request.state
  return {
    request,
    state,
    profile: profileShape.parse(profile.definition),
    channel: contactPoint.channel,
    address: contactPoint.address,
    grants: await describeGrants(db, await grantsOf(deps, request, state)),
  }
}

/** While pending: what nothing has ended since. Once confirmed: what was. Else: what was asked for. */
async function grantsOf({ db }: Deps, request: RequestRow, state: RequestRow['state']): Promise<Grant[]> {
  switch (state) {
    case 'pending':
      return stillPending(await readStandings(db, request.contactPointId), request.id, request.grants)
    case 'confirmed':
      return db
        .select({ purpose: consentEvents.purpose, topic: consentEvents.topic })
        .from(consentEvents)
        .where(
          and(
            eq(consentEvents.contactPointId, request.contactPointId),
            eq(consentEvents.doubleOptIn, request.id),
            eq(consentEvents.kind, 'consent'),
          ),
        )
        .orderBy(consentEvents.seq)
    case 'expired':
    case 'withdrawn':
      return request.grants
    default:
      return state satisfies never
  }
}
