/**
 * Records a person's request and starts its confirmation: a `pending` event per grant, the request, and the outbox row that starts the
 * workflow, in one transaction. It grants nothing yet. The same request repeated while pending mails again (the claim limits how often)
 * and never resets anything. If the pending request is past its end, it is expired first and a new one begins.
 *
 * Lock: the contact point.
 */
import { and, eq, sql } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { findOrCreateContactPoint } from '../../db/reads/contactPoint.ts'
import { readStandings } from '../../db/reads/standings.ts'
import { contactAddresses, contacts } from '../../db/schema/contacts.ts'
import { messages, profiles, purposes, topics } from '../../db/schema/definitions.ts'
import { deliveries } from '../../db/schema/deliveries.ts'
import { doubleOptIns, type Grant } from '../../db/schema/doubleOptIns.ts'
import { outbox } from '../../db/schema/triggers.ts'
import { normaliseAddress } from '../../domain/addresses/normalise.ts'
import { parseDuration } from '../../domain/journey/duration.ts'
import type { Next } from '../../domain/journey/next.ts'
import { noticeHash } from '../../domain/ledger/verify.ts'
import { invalid } from '../../domain/refusal.ts'
import { unknownProfile, unknownPurpose, unknownTopic } from '../../domain/refusals/unknown.ts'
import type { DoubleOptInInput } from '../../domain/shapes/consent.ts'
import { type Profile, profileShape } from '../../domain/shapes/profile.ts'
import { doubleOptInWorkflowId } from '../../domain/workflowIds.ts'
import { tooManyConfirmations } from '../deliveries/confirmationLimit.ts'
import { type Deps, requireChannel } from '../deps.ts'
import { appendEvents } from '../ledger/appendEvents.ts'
import { splitEvidence } from '../ledger/evidence.ts'
import { canSeal, evidenceKeyUnavailable } from '../ledger/evidenceKey.ts'
import { stillPending } from '../ledger/withdrawRequests.ts'
import { type LockedContactPoint, lockContactPoint } from '../locks.ts'
import { type OutboxSignal, type OutboxStart, putInOutbox } from '../outbox.ts'
import { expireIn } from './expireRequest.ts'

/** `workflowId`: of its workflow in Temporal. */
export type RequestAnswer = { id: string; state: 'pending'; workflowId: string }

/**
 * @param options.caller id of the API key that says so; null: the person, on a page of ours
 * @param options.clock `skipping` for a rehearsal
 * @throws Refusal invalid, naming the field
 */
export async function requestDoubleOptIn(
  deps: Deps,
  input: DoubleOptInInput,
  options: { caller: string | null; clock?: 'real' | 'skipping' },
): Promise<RequestAnswer> {
  const { channel } = input.contactPoint
  requireChannel(deps, channel, '/contactPoint/channel')
  if (channel !== 'email' || !deps.channels.has(channel)) {
    throw invalid(
      '/contactPoint/channel',
      'double-opt-in-unsupported',
      `There is no double opt-in on the channel "${channel}". Use "email", once a mail server is set up.`,
    )
  }
  const address = normaliseAddress(channel, input.contactPoint.address)
  if (!address.ok) throw invalid('/contactPoint/address', 'invalid-address', address.message)
  return deps.db.transaction(async (tx) => {
    const { profile, version, settings } = await readProfile(tx, input.profile)
    await refuseUnknownGrants(tx, input)
    const contactPoint = await lockContactPoint(
      tx,
      await findOrCreateContactPoint(tx, channel, address.address),
    )
    const contactId =
      input.contact === undefined ? null : await askingContact(tx, input.contact.externalId, contactPoint.id)
    const asking: Asking = { deps, contactPoint, contactId, profile, version, settings, input, options }
    return askFor(tx, asking, sortedGrants(input))
  })
}

/** A wish whose fields were found right. */
type Asking = {
  deps: Deps
  contactPoint: LockedContactPoint
  contactId: string | null
  profile: string
  version: number
  settings: NonNullable<Profile['doubleOptIn']>
  input: DoubleOptInInput
  options: { caller: string | null; clock?: 'real' | 'skipping' }
}

async function askFor(tx: Db, asking: Asking, grants: readonly Grant[]): Promise<RequestAnswer> {
  const { deps, contactPoint, profile } = asking
  const grantsKey = JSON.stringify(grants)
  const [pending] = await tx
    .select()
    .from(doubleOptIns)
    .where(
      and(
        eq(doubleOptIns.contactPointId, contactPoint.id),
        eq(doubleOptIns.profile, profile),
        sql`sha256_of(${doubleOptIns.grantsKey}) = sha256_of(${grantsKey})`,
        eq(doubleOptIns.state, 'pending'),
      ),
    )
  if (pending === undefined) return begin(tx, asking, grants)
  if ((await databaseNow(tx)) >= pending.expiresAt) {
    await expireIn(tx, deps, contactPoint, pending)
    return begin(tx, asking, grants)
  }
  // A part of it may have been withdrawn since. A request never takes back what ended it, so what is ticked again is asked for by a
  // request of its own.
  const open = stillPending(await readStandings(tx, contactPoint.id), pending.id, grants)
  const missing = grants.filter((grant) => !open.includes(grant))
  if (open.length > 0 && missing.length > 0) await askFor(tx, asking, missing)
  return askAgain(tx, contactPoint, pending)
}

async function begin(tx: Db, asking: Asking, grants: readonly Grant[]): Promise<RequestAnswer> {
  const { deps, contactPoint, contactId, profile, version, settings, input, options } = asking
  // Its evidence is part of the proof of the opt-in that it asks for.
  if (!canSeal(deps, contactPoint)) throw evidenceKeyUnavailable()

  const id = newId()
  // A mail has its id before it has a row, as every delivery.
  const firstMail = newId()
  const { clear, sealed } = splitEvidence(input.evidence)
  const evidence = {
    ...sealed,
    circumstances: input.circumstances ?? null,
    actor: {
      kind: options.caller === null ? ('subject' as const) : ('key' as const),
      id: options.caller,
      onBehalfOf: input.evidence?.onBehalfOf ?? null,
    },
  }
  const { now } = await appendEvents(
    tx,
    deps,
    contactPoint,
    grants.map((grant) => ({
      kind: 'pending' as const,
      purpose: grant.purpose,
      topic: grant.topic,
      state: null,
      occurredAt: null,
      source: { kind: 'double-opt-in' as const },
      notice: input.notice ?? null,
      clear,
      related: { doubleOptIn: id },
      sealed: evidence,
    })),
  )
  await tx.insert(doubleOptIns).values({
    id,
    contactPointId: contactPoint.id,
    contactId,
    profile: input.profile,
    profileVersion: version,
    message: settings.message,
    grants: [...grants],
    grantsKey: JSON.stringify(grants),
    state: 'pending',
    noticeHash: input.notice === undefined ? null : Buffer.from(noticeHash(input.notice.wording), 'hex'),
    notice: input.notice === undefined ? null : withoutWording(input.notice),
    mails: [firstMail],
    clock: options.clock ?? 'real',
    requestedAt: now,
    remindAt: settings.remindAfter === undefined ? null : later(now, settings.remindAfter),
    expiresAt: later(now, settings.expiresAfter),
  })
  const first: Next = { do: 'send', delivery: firstMail, what: 'mail 1' }
  const start: OutboxStart = { workflow: 'doubleOptIn', id, profile, clock: options.clock ?? 'real', first }
  await putInOutbox(tx, { stream: id, kind: 'start', body: start })
  return answerOf(id, profile)
}

/** @throws Refusal invalid where no contact of that external id has the address */
async function askingContact(tx: Db, externalId: string, contactPoint: string): Promise<string> {
  const [contact] = await tx
    .select({ id: contacts.id })
    .from(contacts)
    .innerJoin(contactAddresses, eq(contactAddresses.contactId, contacts.id))
    .where(and(eq(contacts.externalId, externalId), eq(contactAddresses.contactPointId, contactPoint)))
  if (contact !== undefined) return contact.id
  throw invalid(
    '/contact/externalId',
    'contact-without-this-address',
    'The contact with this external id does not have the address. Give it the address first, or leave contact out.',
  )
}

/** More mails than this are never due for one request, however often it is asked again. */
const mostMails = 20

/**
 * Makes one more mail due, unless a mail in progress also serves this request or the address has reached its limit. Only then is the
 * workflow nudged: endless requests must not fill its history or use up the mails that the person may request later.
 */
async function askAgain(
  tx: Db,
  contactPoint: LockedContactPoint,
  request: typeof doubleOptIns.$inferSelect,
): Promise<RequestAnswer> {
  const { id, profile, clock } = request
  const answer = answerOf(id, profile)
  if (await tooManyConfirmations(tx, contactPoint, null)) return answer
  await startAgain(tx, { workflow: 'doubleOptIn', id, profile, clock, first: { do: 'again' }, again: true })
  const begun = sql`(select count(*) from ${deliveries} where ${deliveries.doubleOptIn} = ${id})`
  const wanted = await tx
    .update(doubleOptIns)
    .set({ mails: sql`${doubleOptIns.mails} || ${newId()}::uuid` })
    .where(
      and(
        eq(doubleOptIns.id, id),
        sql`cardinality(${doubleOptIns.mails}) < ${mostMails}`,
        sql`cardinality(${doubleOptIns.mails}) <= ${begun}`,
      ),
    )
    .returning({ id: doubleOptIns.id })
  if (wanted.length === 0) return answer
  const signal: OutboxSignal = { workflow: answer.workflowId, nudge: { why: 'asked-again' } }
  await putInOutbox(tx, { stream: id, kind: 'signal', body: signal })
  return answer
}

/** Starts the workflow again in case it is gone. If it runs, or its start is still in the outbox, this changes nothing. */
async function startAgain(tx: Db, start: OutboxStart): Promise<void> {
  const [waiting] = await tx
    .select({ id: outbox.id })
    .from(outbox)
    .where(and(eq(outbox.stream, start.id), eq(outbox.kind, 'start')))
    .limit(1)
  if (waiting === undefined) await putInOutbox(tx, { stream: start.id, kind: 'start', body: start })
}

function answerOf(id: string, profile: string): RequestAnswer {
  return { id, state: 'pending', workflowId: doubleOptInWorkflowId(profile, id) }
}

async function readProfile(
  tx: Db,
  key: string,
): Promise<{ profile: string; version: number; settings: NonNullable<Profile['doubleOptIn']> }> {
  const [row] = await tx.select().from(profiles).where(eq(profiles.key, key))
  if (row === undefined) throw unknownProfile('/profile', key)
  const settings = profileShape.parse(row.definition).doubleOptIn
  if (settings === undefined) {
    throw invalid(
      '/profile',
      'double-opt-in-not-set',
      `The profile "${key}" has no double opt-in. Add doubleOptIn to it.`,
    )
  }
  const [message] = await tx
    .select({ kind: purposes.kind })
    .from(messages)
    .innerJoin(purposes, eq(purposes.key, messages.purpose))
    .where(eq(messages.key, settings.message))
  if (message === undefined)
    throw invalid(
      '/profile',
      'unknown-message',
      `The profile confirms with the message "${settings.message}", which does not exist. Create it.`,
    )
  if (message.kind !== 'transactional')
    throw invalid(
      '/profile',
      'wrong-purpose',
      `The profile confirms with the message "${settings.message}", whose purpose must be transactional.`,
    )
  return { profile: key, version: row.version, settings }
}

async function refuseUnknownGrants(tx: Db, input: DoubleOptInInput): Promise<void> {
  for (const [index, grant] of input.grants.entries()) {
    const [purpose] = await tx.select().from(purposes).where(eq(purposes.key, grant.purpose))
    if (purpose === undefined) throw unknownPurpose(`/grants/${index}/purpose`, grant.purpose)
    if (purpose.kind === 'transactional') {
      throw invalid(
        `/grants/${index}/purpose`,
        'no-consent-needed',
        `"${grant.purpose}" is transactional and needs no consent, so there is nothing to confirm.`,
      )
    }
    if (grant.topic === undefined) continue
    const [topic] = await tx
      .select({ key: topics.key })
      .from(topics)
      .where(and(eq(topics.purpose, grant.purpose), eq(topics.key, grant.topic)))
    if (topic === undefined) {
      throw unknownTopic(`/grants/${index}/topic`, grant.purpose, grant.topic)
    }
  }
  const named = input.grants.map((grant) => `${grant.purpose}\n${grant.topic ?? ''}`)
  if (new Set(named).size < named.length) {
    throw invalid('/grants', 'duplicate', 'The same grant is named twice. Name each once.')
  }
}

function sortedGrants(input: DoubleOptInInput): Grant[] {
  return input.grants
    .map((grant) => ({ purpose: grant.purpose, topic: grant.topic ?? null }))
    .sort((a, b) => (`${a.purpose}\n${a.topic ?? ''}` < `${b.purpose}\n${b.topic ?? ''}` ? -1 : 1))
}

function withoutWording(notice: { id: string; version: string; language: string }): {
  id: string
  version: string
  language: string
} {
  return { id: notice.id, version: notice.version, language: notice.language }
}

function later(now: string, duration: string): string {
  return new Date(Date.parse(now) + parseDuration(duration)).toISOString()
}
