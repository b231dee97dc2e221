/** What a delivery is about: who asked for it, which message, to whom, and how it stands so far. Read, never locked, here. */
import { and, eq, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { bindingOf, type ContactBinding, readAddresses } from '../../db/reads/bindings.ts'
import { readDecisionInput } from '../../db/reads/decisionInput.ts'
import { contactPoints, contacts } from '../../db/schema/contacts.ts'
import { messages, profiles, purposes } from '../../db/schema/definitions.ts'
import { doubleOptIns } from '../../db/schema/doubleOptIns.ts'
import { journeyVersions, runs } from '../../db/schema/journeys.ts'
import { decide } from '../../domain/consent/decide.ts'
import type { Decision, DecisionInput } from '../../domain/consent/types.ts'
import { findStep } from '../../domain/journey/definition.ts'
import { notFound } from '../../domain/refusal.ts'
import { type Message, messageShape } from '../../domain/shapes/message.ts'
import { type Profile, profileShape } from '../../domain/shapes/profile.ts'
import { purposeShape } from '../../domain/shapes/purpose.ts'
import { endOf, type RunEnd } from '../runs/endRun.ts'

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

export type Subject = {
  ref: DeliveryRef
  claimKey: string
  /** The run, or the request, has ended: nothing is sent for it any more. */
  ended: RunEnd | null
  journey: { key: string; version: number } | null
  contact: { id: string; binding: ContactBinding } | null
  contactPoint: { id: string; address: string } | null
  channel: Message['channel']
  message: { key: string; version: number; definition: Message }
  profile: { key: string; version: number; definition: Profile }
  /** Payload of the run's entry, or what a confirmation names: `trigger` in templates. */
  trigger: Record<string, unknown>
}

export async function readSubject(db: Db, ref: DeliveryRef): Promise<Subject> {
  return ref.kind === 'run' ? readRunSubject(db, ref) : readRequestSubject(db, ref)
}

async function readRunSubject(db: Db, ref: Extract<DeliveryRef, { kind: 'run' }>): Promise<Subject> {
  const [row] = await db
    .select({ run: runs, contact: contacts, definition: journeyVersions.definition })
    .from(runs)
    .innerJoin(contacts, eq(contacts.id, runs.contactId))
    .innerJoin(
      journeyVersions,
      and(eq(journeyVersions.key, runs.journey), eq(journeyVersions.version, runs.version)),
    )
    .where(eq(runs.id, ref.run))
  if (row === undefined) throw notFound('run', ref.run)
  const step = findStep(row.definition, ref.step)
  if (step?.type !== 'send') throw new TypeError(`step ${ref.step} sends nothing`)
  // Asked together they travel together, in a transaction too.
  const [content, addresses] = await Promise.all([
    readMessage(db, step.message),
    readAddresses(db, row.contact.id),
  ])
  const own = addresses.find((one) => one.channel === content.channel)
  return {
    ref,
    claimKey: claimKeyOf(ref),
    ended: endOf(row.run),
    journey: { key: row.run.journey, version: row.run.version },
    contact: { id: row.contact.id, binding: bindingOf(row.contact, addresses) },
    contactPoint: own === undefined ? null : withAddress({ id: own.contactPoint, address: own.address }),
    ...content,
    trigger: row.run.payload,
  }
}

/**
 * The subject as it stands now, under the locks of a claim: the one read before them, where nothing it was made from is another
 * by now. A version's content never changes, so the versions need only be compared.
 * @param ended how the sender's locked row says that it ended
 */
export async function refreshSubject(db: Db, before: Subject, ended: RunEnd | null): Promise<Subject> {
  const { contact, message, profile, contactPoint, channel } = before
  if (contact === null) return readSubject(db, before.ref)
  const [now] = await db.execute<{
    message: number
    profile: number
    profileKey: string
    point: string | null
  }>(sql`
    select m.version as message, p.version as profile, p.key as "profileKey",
      (select cp.id from contact_addresses a join contact_points cp on cp.id = a.contact_point_id
        where a.contact_id = ${contact.id} and a.channel = ${channel} and cp.address is not null) as point
    from messages m join profiles p on p.key = m.profile where m.key = ${message.key}`)
  const same =
    now !== undefined &&
    now.message === message.version &&
    now.profileKey === profile.key &&
    now.profile === profile.version &&
    now.point === (contactPoint?.id ?? null)
  return same ? { ...before, ended } : readSubject(db, before.ref)
}

async function readRequestSubject(
  db: Db,
  ref: Extract<DeliveryRef, { kind: 'double-opt-in' }>,
): Promise<Subject> {
  const [row] = await db
    .select({ request: doubleOptIns, id: contactPoints.id, address: contactPoints.address })
    .from(doubleOptIns)
    .innerJoin(contactPoints, eq(contactPoints.id, doubleOptIns.contactPointId))
    .where(eq(doubleOptIns.id, ref.request))
  if (row === undefined) throw notFound('double opt-in', ref.request)
  const content = await readMessage(db, row.request.message)
  return {
    ref,
    claimKey: claimKeyOf(ref),
    ended: row.request.state === 'pending' ? null : { state: 'exited', reason: row.request.state },
    journey: null,
    contact: null,
    contactPoint: withAddress(row),
    ...content,
    trigger: { grants: await describeGrants(db, row.request.grants) },
  }
}

function withAddress(row: { id: string; address: string | null }): Subject['contactPoint'] {
  return row.address === null ? null : { id: row.id, address: row.address }
}

async function readMessage(db: Db, key: string): Promise<Pick<Subject, 'message' | 'profile' | 'channel'>> {
  const [row] = await db
    .select({ message: messages, profile: profiles })
    .from(messages)
    .innerJoin(profiles, eq(profiles.key, messages.profile))
    .where(eq(messages.key, key))
  if (row === undefined) throw notFound('message', key)
  const definition = messageShape.parse(row.message.definition)
  return {
    channel: definition.channel,
    message: { key, version: row.message.version, definition },
    profile: {
      key: row.profile.key,
      version: row.profile.version,
      definition: profileShape.parse(row.profile.definition),
    },
  }
}

/** Names and descriptions of what is to be confirmed, for the text of the mail and its page. */
export async function describeGrants(
  db: Db,
  grants: readonly { purpose: string; topic: string | null }[],
): Promise<{ purpose: string; topic: string | null; name: string; description: string }[]> {
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

/** Decides on the subject as things stand now. */
export async function decideOn(
  db: Db,
  subject: Subject,
  channels: ReadonlySet<string>,
): Promise<{ input: DecisionInput; decision: Decision }> {
  const { definition } = subject.message
  const input = await readDecisionInput(
    db,
    {
      contactPoint: { id: subject.contactPoint?.id ?? null },
      channel: subject.channel,
      purpose: definition.purpose,
      topic: definition.topic ?? null,
      profile: subject.profile.key,
      messageAllowsTracking: definition.tracking !== false,
    },
    channels,
  )
  return { input, decision: decide(input) }
}
