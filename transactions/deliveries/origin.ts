/** What a delivery is for, which message it brings to whom, and what is decided on it. Read here, never locked. */
import { eq, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { type BoundQuery, given, PreparedQuery } from '../../db/preparedQuery.ts'
import type { ContactBinding } from '../../db/reads/bindings.ts'
import {
  type Intended,
  intendedQuery,
  type Recipient,
  readIntendedAndPerson,
} from '../../db/reads/intended.ts'
import { purposes } from '../../db/schema/definitions.ts'
import type { doubleOptIns } from '../../db/schema/doubleOptIns.ts'
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

/** A delivery's state at one moment: a forecast, unless the locks of a claim are held. */
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
async function readOrigin(deps: Deps, db: Db, ref: DeliveryRef): Promise<Origin> {
  return ref.kind === 'run' ? originOfRun(deps, db, ref) : requestOrigin(ref).run(db)
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
  if (send === undefined) throw notFound('delivery', ref.delivery)
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

type MailOfRequest = Pick<
  typeof doubleOptIns.$inferSelect,
  'state' | 'expiresAt' | 'clock' | 'contactPointId' | 'message' | 'grants'
>

/** A request past its end has ended, though that may not have been recorded yet. */
const mailOfRequest = new PreparedQuery<{ request: string }, MailOfRequest>(
  sql`select case when state = 'pending' and expires_at <= clock_timestamp() then 'expired' else state end as state,
      to_char(expires_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "expiresAt",
      clock, contact_point_id as "contactPointId", message, grants
    from double_opt_ins where id = ${given('request')}::uuid`,
)

/** Under the contact point's lock it holds until the commit: a request is settled under that lock. Throws Refusal not-found. */
export function requestOrigin(ref: Extract<DeliveryRef, { kind: 'double-opt-in' }>): BoundQuery<Origin> {
  return mailOfRequest.with({ request: ref.request }).map(([row]) => {
    if (row === undefined) throw notFound('double-opt-in', ref.request)
    const { state, expiresAt: until, clock, contactPointId: contactPoint, message, grants } = row
    return {
      ref,
      ended: state === 'pending' ? null : { state: 'exited', reason: state },
      until,
      lapse: 'expired',
      journey: null,
      clock,
      to: { contactPoint },
      message,
      trigger: { grants },
    }
  })
}

/** The current state of the delivery. */
export async function assessDelivery(deps: Deps, db: Db, ref: DeliveryRef): Promise<Assessment> {
  return assessment(deps, await readOrigin(deps, db, ref)).run(db)
}

/** What is decided on, and the decision, as things stand when the query runs. */
export function assessment(deps: Deps, origin: Origin): BoundQuery<Assessment> {
  return intendedQuery(origin.to, origin.message, deps.channels).map((intended) => ({
    origin,
    intended,
    decision: decide(intended.input),
  }))
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
