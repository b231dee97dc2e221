/** What a delivery is about: who asks for it, which message, to whom, and what is decided on it. Read, never locked, here. */
import { eq, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import type { ContactBinding } from '../../db/reads/bindings.ts'
import { type Matter, type Recipient, readMatter, readMatterAndPerson } from '../../db/reads/matter.ts'
import { purposes } from '../../db/schema/definitions.ts'
import { doubleOptIns } from '../../db/schema/doubleOptIns.ts'
import { runs } from '../../db/schema/journeys.ts'
import { build, given, rowsOf } from '../../db/statement.ts'
import { decide } from '../../domain/consent/decide.ts'
import type { Decision } from '../../domain/consent/types.ts'
import type { RunEnd } from '../../domain/journey/answers.ts'
import { findStep } from '../../domain/journey/definition.ts'
import { notFound } from '../../domain/refusal.ts'
import type { Message } from '../../domain/shapes/message.ts'
import type { Profile } from '../../domain/shapes/profile.ts'
import { purposeShape } from '../../domain/shapes/purpose.ts'
import type { House } from '../house.ts'
import { endOf } from '../runs/endRun.ts'

/** Who asks for a delivery: one visit of one step of one run, or one mail of one double opt-in. */
export type DeliveryRef =
  | { kind: 'run'; run: string; step: string; visit: number }
  | { kind: 'double-opt-in'; request: string; mail: number }

/** What makes a hand-over happen once. */
export function claimKeyOf(ref: DeliveryRef): string {
  return ref.kind === 'run'
    ? `run:${ref.run}:${ref.step}:${ref.visit}`
    : `double-opt-in:${ref.request}:${ref.mail}`
}

/** Who asks, and for what. Of all this only `ended` can change while the delivery is made. */
export type Sender = {
  ref: DeliveryRef
  claimKey: string
  /** The run, or the request, has ended: nothing is sent for it any more. */
  ended: RunEnd | null
  journey: { key: string; version: number } | null
  to: Recipient
  /** Key of the message. */
  message: string
  /** What `trigger` means in templates: the payload of the run's entry; or what a confirmation is to confirm. */
  trigger: { payload: Record<string, unknown> } | { grants: readonly Grant[] }
}

type Grant = { purpose: string; topic: string | null }

/** A delivery as it stands at one moment: a forecast, unless the locks of a claim are held. */
export type Subject = { sender: Sender; matter: Matter; decision: Decision }

/** What a message is rendered from. */
export type Content = {
  message: Message
  profile: Profile
  address: string | null
  contact: ContactBinding | null
  trigger: Record<string, unknown>
}

const byId = rowsOf<{ id: string }>()
const runById = byId(
  runs,
  build
    .select()
    .from(runs)
    .where(eq(runs.id, given('id'))),
)

export async function readSender(house: House, db: Db, ref: DeliveryRef): Promise<Sender> {
  return ref.kind === 'run' ? senderOfRun(house, db, ref) : senderOfRequest(db, ref)
}

async function senderOfRun(
  house: House,
  db: Db,
  ref: Extract<DeliveryRef, { kind: 'run' }>,
): Promise<Sender> {
  const run = await runById.first(db, { id: ref.run })
  if (run === undefined) throw notFound('run', ref.run)
  const { definition } = await house.versions.journey(db, run.journey, run.version)
  const step = findStep(definition, ref.step)
  if (step?.type !== 'send') throw new TypeError(`step ${ref.step} sends nothing`)
  return {
    ref,
    claimKey: claimKeyOf(ref),
    ended: endOf(run),
    journey: { key: run.journey, version: run.version },
    to: { contact: run.contactId },
    message: step.message,
    trigger: { payload: run.payload },
  }
}

async function senderOfRequest(
  db: Db,
  ref: Extract<DeliveryRef, { kind: 'double-opt-in' }>,
): Promise<Sender> {
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
    claimKey: claimKeyOf(ref),
    ended: state === 'pending' ? null : { state: 'exited', reason: state },
    journey: null,
    to: { contactPoint: request.contactPointId },
    message: request.message,
    trigger: { grants: request.grants },
  }
}

/** The subject as it stands now. */
export async function readSubject(house: House, db: Db, ref: DeliveryRef): Promise<Subject> {
  return decideFor(house, db, await readSender(house, db, ref))
}

/** What is decided on, and the decision, as things stand now. */
export async function decideFor(house: House, db: Db, sender: Sender): Promise<Subject> {
  const matter = await readMatter(db, sender.to, sender.message, house.channels)
  return { sender, matter, decision: decide(matter.input) }
}

/** The subject, and what its message is rendered from, of the same moment. */
export async function readDraft(
  house: House,
  db: Db,
  ref: DeliveryRef,
): Promise<{ subject: Subject; content: Content }> {
  const sender = await readSender(house, db, ref)
  const { matter, person } = await readMatterAndPerson(db, sender.to, sender.message, house.channels)
  const { message, profile } = matter
  return {
    subject: { sender, matter, decision: decide(matter.input) },
    content: {
      message: await house.versions.message(db, message.key, message.version),
      profile: await house.versions.profile(db, profile.key, profile.version),
      ...person,
      trigger:
        'payload' in sender.trigger
          ? sender.trigger.payload
          : { grants: await describeGrants(db, sender.trigger.grants) },
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
