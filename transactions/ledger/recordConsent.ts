/**
 * Records one statement about one contact point. An opt-in without circumstances or wording is refused; an opt-out always
 * takes effect, and what it lacks is flagged.
 *
 * Lock: the contact point.
 */
import { and, eq } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { findOrCreateContactPoint } from '../../db/reads/contactPoint.ts'
import { purposes, topics } from '../../db/schema/definitions.ts'
import { normaliseAddress } from '../../domain/addresses/normalise.ts'
import { everything } from '../../domain/consent/types.ts'
import { isOutsideSource, outsideSourceKinds } from '../../domain/ledger/sources.ts'
import { type FieldError, invalid, invalidFields } from '../../domain/refusal.ts'
import { unknownPurpose, unknownTopic } from '../../domain/refusals/unknown.ts'
import type { ConsentStatement } from '../../domain/shapes/consent.ts'
import { failpoint } from '../../failpoints.ts'
import { type Deps, requireChannel } from '../deps.ts'
import { lockContactPoint } from '../locks.ts'
import { appendEvents, type NewEvent, type Recorded } from './appendEvents.ts'
import { splitEvidence } from './evidence.ts'

/** Clocks of callers may run ahead of ours by this much; more is refused. */
const tolerance = 5 * 60_000

/**
 * @param caller id of the API key that states it
 * @throws Refusal invalid, naming the field
 */
export async function recordConsent(
  deps: Deps,
  statement: ConsentStatement,
  options: { caller: string; idempotencyKey?: string | null },
): Promise<{ event: Recorded; contactPoint: string }> {
  const { channel } = statement.contactPoint
  requireChannel(deps, channel, '/contactPoint/channel')
  refuseReservedSource(statement)
  const address = normaliseAddress(channel, statement.contactPoint.address)
  if (!address.ok) throw invalid('/contactPoint/address', 'invalid-address', address.message)
  refuseBareOptIn(statement)
  return deps.db.transaction(async (tx) => {
    await refuseUnknown(tx, statement)
    const id = await findOrCreateContactPoint(tx, channel, address.address)
    await failpoint('consent:before-lock')
    const contactPoint = await lockContactPoint(tx, id)
    const appended = await appendEvents(tx, deps, contactPoint, [statementOf(statement, options)])
    const [event] = appended.events
    if (event === undefined) throw new Error('nothing was appended')
    if (Date.parse(event.occurredAt) > Date.parse(appended.now) + tolerance) {
      throw invalid(
        '/occurredAt',
        'in-the-future',
        'This time is more than five minutes ahead of the server. Send the time at which it happened.',
      )
    }
    return { event, contactPoint: id }
  })
}

/** These sources say that Assent itself saw what happened. A caller who could claim them could forge the best proof there is. */
function refuseReservedSource({ source }: ConsentStatement): void {
  if (isOutsideSource(source.kind)) return
  throw invalid(
    '/source/kind',
    'reserved-source',
    `Only Assent itself records the source "${source.kind}". Name your own source: ${outsideSourceKinds.join(', ')}.`,
  )
}

/** Permission must be proven: by how it came about, and by the wording that was agreed to. */
function refuseBareOptIn(statement: ConsentStatement): void {
  if (statement.state !== 'opted-in') return
  const errors: FieldError[] = []
  if (statement.purpose === everything)
    errors.push({
      pointer: '/purpose',
      code: 'opt-out-only',
      message: 'Nobody can opt in to "*". Name each purpose of the opt-in.',
    })
  if (statement.circumstances === undefined) {
    errors.push({
      pointer: '/circumstances',
      code: 'proof-missing',
      message: 'An opt-in needs the circumstances in which it was given.',
    })
  }
  if (statement.notice === undefined) {
    errors.push({
      pointer: '/notice',
      code: 'proof-missing',
      message: 'An opt-in needs the wording that the person agreed to.',
    })
  }
  if (errors.length > 0) throw invalidFields(errors, 'the opt-in')
}

async function refuseUnknown(tx: Db, statement: ConsentStatement): Promise<void> {
  if (statement.purpose === everything) {
    if (statement.topic !== undefined)
      throw invalid('/topic', 'not-allowed-here', 'The purpose "*" has no topics. Leave topic out.')
    return
  }
  const [purpose] = await tx
    .select({ kind: purposes.kind })
    .from(purposes)
    .where(eq(purposes.key, statement.purpose))
  if (purpose === undefined) throw unknownPurpose('/purpose', statement.purpose)
  if (purpose.kind === 'transactional') {
    throw invalid(
      '/purpose',
      'no-consent-needed',
      `"${statement.purpose}" is transactional and needs no consent, so none can be recorded.`,
    )
  }
  if (statement.topic === undefined) return
  const [topic] = await tx
    .select({ key: topics.key })
    .from(topics)
    .where(and(eq(topics.purpose, statement.purpose), eq(topics.key, statement.topic)))
  if (topic === undefined) throw unknownTopic('/topic', statement.purpose, statement.topic)
}

function statementOf(
  statement: ConsentStatement,
  options: { caller: string; idempotencyKey?: string | null },
): NewEvent {
  const { clear, sealed } = splitEvidence(statement.evidence)
  return {
    kind: 'consent',
    purpose: statement.purpose,
    topic: statement.topic ?? null,
    state: statement.state,
    occurredAt: statement.occurredAt ?? null,
    source: { kind: statement.source.kind, via: statement.source.via ?? null },
    notice: statement.notice ?? null,
    clear,
    flags: statement.state === 'opted-out' ? missing(statement) : [],
    sealed: {
      ...sealed,
      circumstances: statement.circumstances ?? null,
      reference: statement.source.reference ?? null,
      actor: { kind: 'key', id: options.caller, onBehalfOf: statement.evidence?.onBehalfOf ?? null },
    },
    idempotencyKey: options.idempotencyKey ?? null,
  }
}

/** What an opt-out lacks is no reason to keep mailing; it is only said. */
function missing(statement: ConsentStatement): string[] {
  const flags = []
  if (statement.circumstances === undefined) flags.push('no-circumstances')
  if (statement.occurredAt === undefined) flags.push('no-date')
  if (statement.notice === undefined) flags.push('no-notice')
  return flags
}
