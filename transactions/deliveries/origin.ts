/** What a delivery is for, which message it brings to whom, and what is decided on it. Read here, never locked. */
import { eq, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import type { ContactBinding } from '../../db/reads/bindings.ts'
import {
  type Intended,
  type Recipient,
  readIntended,
  readIntendedAndPerson,
} from '../../db/reads/intended.ts'
import { purposes } from '../../db/schema/definitions.ts'
import { doubleOptIns } from '../../db/schema/doubleOptIns.ts'
import type { runs } from '../../db/schema/journeys.ts'
import { decide } from '../../domain/consent/decide.ts'
import type { Decision } from '../../domain/consent/types.ts'
import { sendEndReason } from '../../domain/delivery/limits.ts'
import { findStep } from '../../domain/journey/definition.ts'
import { parseDuration } from '../../domain/journey/duration.ts'
import type { RunEnd } from '../../domain/journey/machineTypes.ts'
import { readPosition } from '../../domain/journey/position.ts'
import { endOf } from '../../domain/journey/runState.ts'
import { notFound } from '../../domain/refusal.ts'
import type { Message } from '../../domain/shapes/message.ts'
import type { Profile } from '../../domain/shapes/profile.ts'
import { purposeShape } from '../../domain/shapes/purpose.ts'
import type { Deps } from '../deps.ts'

/** A delivery by its id, and what it is for: one send of a run, or one mail of a request for double opt-in. */
export type DeliveryRef =
  | { kind: 'run'; run: string; delivery: string }
  | { kind: 'double-opt-in'; request: string; delivery: string }

/** What a delivery is for. Of all this only `ended` can change while the delivery is made. */
export type Origin = {
  ref: DeliveryRef
  /** Nothing is sent for it any more: the run or request has ended, or the run has gone on without this send. */
  ended: RunEnd | null
  journey: { key: string; version: number; step: string; visit: number } | null
  /** The clock of the run or request. */
  clock: 'real' | 'skipping'
  /** When the send is given up, RFC 3339 on that clock; null where it is not the send the run is at. */
  until: string | null
  /** Why it is given up then: it was worth sending until then only, or our patience is over. */
  lapse: 'expired' | 'gave-up'
  to: Recipient
  /** Key of the message. */
  message: string
  /** What `trigger` means in templates: the payload of the run's entry; or what a confirmation is to confirm. */
  trigger: { payload: Record<string, unknown> } | { grants: readonly Grant[] }
}

type Grant = { purpose: string; topic: string | null }

/** A delivery as it stands at one moment: a forecast, unless the locks of a claim are held. */
export type Assessment = { origin: Origin; intended: Intended; decision: Decision }

/** What a message is rendered from. */
export type Content = {
  message: Message
  profile: Profile
  address: string | null
  contact: ContactBinding | null
  trigger: Record<string, unknown>
}

/** @throws Refusal not-found */
export async function readOrigin(deps: Deps, db: Db, ref: DeliveryRef): Promise<Origin> {
  return ref.kind === 'run' ? originOfRun(deps, db, ref) : originOfRequest(db, ref)
}

type SendOfRun = Pick<
  typeof runs.$inferSelect,
  'journey' | 'version' | 'contactId' | 'state' | 'endReason' | 'payload' | 'clock' | 'position'
> & { step: string; visit: number }

/** The run's path names each of its sends. */
const sendOfRun = new PreparedQuery<{ run: string; delivery: string }, SendOfRun>(
  sql`select r.journey, r.version, r.contact_id as "contactId", r.state, r.end_reason as "endReason", r.payload, r.clock, r.position,
      p.step, p.visit
    from runs r join run_path p on p.run_id = r.id and p.delivery = ${given('delivery')}::uuid
    where r.id = ${given('run')}::uuid`,
)

async function originOfRun(deps: Deps, db: Db, ref: Extract<DeliveryRef, { kind: 'run' }>): Promise<Origin> {
  const send = await sendOfRun.first(db, { run: ref.run, delivery: ref.delivery })
  if (send === undefined) throw notFound('send', ref.delivery)
  const { journey: key, version, step: id, visit, contactId, payload, clock } = send
  const { definition } = await deps.versions.journey(db, key, version)
  const step = findStep(definition, id)
  if (step?.type !== 'send') throw new TypeError(`step ${id} sends nothing`)
  return {
    ref,
    ...standingOf(send, ref),
    lapse: sendEndReason(step.expires === undefined ? null : parseDuration(step.expires)),
    journey: { key, version, step: id, visit },
    clock,
    to: { contact: contactId },
    message: step.message,
    trigger: { payload },
  }
}

/** A send that the run's position does not name is superseded: the run has gone on without it, or was moved. */
export function standingOf(
  run: Pick<typeof runs.$inferSelect, 'state' | 'endReason' | 'position'>,
  ref: { delivery: string },
): Pick<Origin, 'ended' | 'until'> {
  const ended = endOf(run)
  if (ended !== null) return { ended, until: null }
  const { delivery, sendUntil = null } = readPosition(run.position)
  return delivery === ref.delivery
    ? { ended: null, until: sendUntil }
    : { ended: { state: 'cancelled', reason: 'superseded' }, until: null }
}

async function originOfRequest(
  db: Db,
  ref: Extract<DeliveryRef, { kind: 'double-opt-in' }>,
): Promise<Origin> {
  // A request past its end has ended, though nobody may have recorded that yet. The claim reads this under its lock.
  const [found] = await db
    .select({ request: doubleOptIns, over: sql<boolean>`${doubleOptIns.expiresAt} <= clock_timestamp()` })
    .from(doubleOptIns)
    .where(eq(doubleOptIns.id, ref.request))
  if (found === undefined) throw notFound('double opt-in', ref.request)
  const { request, over } = found
  const state = request.state === 'pending' && over ? 'expired' : request.state
  return {
    ref,
    ended: state === 'pending' ? null : { state: 'exited', reason: state },
    until: request.expiresAt,
    lapse: 'expired',
    journey: null,
    clock: request.clock,
    to: { contactPoint: request.contactPointId },
    message: request.message,
    trigger: { grants: request.grants },
  }
}

/** The delivery as it stands now. */
export async function assessDelivery(deps: Deps, db: Db, ref: DeliveryRef): Promise<Assessment> {
  return assess(deps, db, await readOrigin(deps, db, ref))
}

/** What is decided on, and the decision, as things stand now. */
export async function assess(deps: Deps, db: Db, origin: Origin): Promise<Assessment> {
  const intended = await readIntended(db, origin.to, origin.message, deps.channels)
  return { origin, intended, decision: decide(intended.input) }
}

/** The delivery, and what its message is rendered from, of the same moment. */
export async function readDraft(
  deps: Deps,
  db: Db,
  ref: DeliveryRef,
): Promise<{ assessment: Assessment; content: Content }> {
  const origin = await readOrigin(deps, db, ref)
  const { intended, person } = await readIntendedAndPerson(db, origin.to, origin.message, deps.channels)
  const { message, profile } = intended
  return {
    assessment: { origin, intended, decision: decide(intended.input) },
    content: {
      message: await deps.versions.message(db, message.key, message.version),
      profile: await deps.versions.profile(db, profile.key, profile.version),
      ...person,
      trigger:
        'payload' in origin.trigger
          ? origin.trigger.payload
          : { grants: await describeGrants(db, origin.trigger.grants) },
    },
  }
}

/** Names and descriptions of what is to be confirmed, for the text of the mail and its page. */
export async function describeGrants(
  db: Db,
  grants: readonly Grant[],
): Promise<(Grant & { name: string; description: string })[]> {
  const described = []
  for (const grant of grants) {
    const [row] = await db
      .select({ definition: purposes.definition })
      .from(purposes)
      .where(eq(purposes.key, grant.purpose))
    if (row === undefined) throw notFound('purpose', grant.purpose)
    const purpose = purposeShape.parse(row.definition)
    const topic = purpose.topics.find((one) => one.key === grant.topic)
    described.push({
      ...grant,
      name: topic?.name ?? purpose.name,
      description: topic?.description ?? purpose.description,
    })
  }
  return described
}
