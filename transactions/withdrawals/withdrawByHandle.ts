/**
 * The unsubscribe link of a message (RFC 8058): opts out of the topic the message was sent under, else of its purpose with all
 * its topics. The handle carries the scope, so nothing in the request can widen or move it. It never expires.
 *
 * Idempotent by how the scope stands: where it is out already by an opt-out of its own, nothing is added; after a later opt-in
 * to anything in it the same old link opts out again. Acknowledged only when the whole scope is out.
 *
 * Lock: the contact point.
 */
import { eq } from 'drizzle-orm'
import { type LinkedMail, mailByHandle } from '../../db/reads/mailByHandle.ts'
import { readStandings } from '../../db/reads/standings.ts'
import { purposes } from '../../db/schema/definitions.ts'
import { scopeIsOut, withdrawalAddsNothing } from '../../domain/consent/scope.ts'
import type { Notice } from '../../domain/shapes/consent.ts'
import { purposeShape } from '../../domain/shapes/purpose.ts'
import { failpoint } from '../../failpoints.ts'
import type { Deps } from '../deps.ts'
import { appendEvents } from '../ledger/appendEvents.ts'
import { lockContactPoint } from '../locks.ts'
import { evidenceOf, type PersonSaid } from '../said.ts'

/** What the link withdraws from, and its current state. */
export type Withdrawable = LinkedMail & {
  /** Name of the topic or purpose, as people know it. */
  name: string
  /** Names of the topics that a withdrawal of the purpose takes along. */
  topics: string[]
  state: 'may-withdraw' | 'withdrawn' | 'nothing-to-withdraw'
}

/** For the page. @throws Refusal not-found */
export async function readWithdrawable(deps: Deps, handle: string): Promise<Withdrawable> {
  const linked = await mailByHandle(deps.db, handle)
  const { purpose, topic } = linked.mail
  const [row] = await deps.db
    .select({ definition: purposes.definition })
    .from(purposes)
    .where(eq(purposes.key, purpose))
  // A purpose or topic that is gone may still be withdrawn from: an opt-out always counts.
  const definition = row === undefined ? null : purposeShape.parse(row.definition)
  const named = definition?.topics.find((one) => one.key === topic)
  const name = named?.name ?? definition?.name ?? topic ?? purpose
  const topics = topic === null ? (definition?.topics.map((one) => one.name) ?? []) : []
  const found = { ...linked, name, topics }
  if (definition?.kind === 'transactional') return { ...found, state: 'nothing-to-withdraw' }
  const erased = linked.contactPoint.erasedAt !== null
  const out = erased || scopeIsOut(await readStandings(deps.db, linked.contactPoint.id), purpose, topic)
  return { ...found, state: out ? 'withdrawn' : 'may-withdraw' }
}

export type Withdrawal = {
  result: 'withdrawn' | 'already-withdrawn' | 'nothing-to-withdraw'
  found: Withdrawable
}

/**
 * @param said.notice what the page's button said; null for a mail program's one-click
 * @throws Refusal not-found
 */
export async function withdrawByHandle(
  deps: Deps,
  handle: string,
  said: PersonSaid & { notice: Notice | null },
): Promise<Withdrawal> {
  const found = await readWithdrawable(deps, handle)
  if (found.state === 'nothing-to-withdraw') return { result: 'nothing-to-withdraw', found }
  if (found.contactPoint.erasedAt !== null) return { result: 'already-withdrawn', found }
  const { mail } = found
  const { notice, ...person } = said
  await failpoint('consent:before-lock')
  const withdrawn: Withdrawable = { ...found, state: 'withdrawn' }
  const standings = await deps.db.transaction(async (tx) => {
    const contactPoint = await lockContactPoint(tx, found.contactPoint.id)
    const before = await readStandings(tx, contactPoint.id)
    if (contactPoint.erasedAt !== null || withdrawalAddsNothing(before, mail.purpose, mail.topic)) {
      return null
    }
    const appended = await appendEvents(tx, deps, contactPoint, [
      {
        kind: 'consent',
        purpose: mail.purpose,
        topic: mail.topic,
        state: 'opted-out',
        occurredAt: null,
        source: { kind: 'one-click' },
        notice,
        related: {
          delivery: mail.deliveryId,
          message: mail.message,
          messageVersion: mail.messageVersion,
        },
        sealed: evidenceOf(
          person,
          notice === null
            ? 'one-click unsubscribe of the mail program (RFC 8058), by the link of the message'
            : 'button of the unsubscribe page, reached by the link of the message',
        ),
      },
    ])
    return appended.standings
  })
  if (standings === null) return { result: 'already-withdrawn', found: withdrawn }
  // The opt-out is recorded, but it is acknowledged only if the whole scope is opted out.
  if (!scopeIsOut(standings, mail.purpose, mail.topic))
    throw new Error('a recorded withdrawal left something in its scope open')
  return { result: 'withdrawn', found: withdrawn }
}
