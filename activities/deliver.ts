/**
 * The delivery activity: render, obtain a free connection, and only then claim (which decides again under the lock) and hand
 * over at once. Each attempt of the engine's runs this from the start; the delivery's row says what an earlier one did.
 */
import { Context, heartbeat } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { z } from 'zod'
import type { EmailChannel } from '../channels/channel.ts'
import type { RunEnd } from '../domain/journey/answers.ts'
import type { SendResult } from '../domain/journey/machine.ts'
import { point } from '../points.ts'
import { JobFailed } from '../threads/pool.ts'
import { claimDelivery, type DeliveryRow, type Prospect } from '../transactions/deliveries/claimDelivery.ts'
import { holdDelivery } from '../transactions/deliveries/holdDelivery.ts'
import {
  giveUpDelivery,
  type HandOverOutcome,
  markHandedOver,
  settleDelivery,
} from '../transactions/deliveries/settleDelivery.ts'
import { claimKeyOf, type DeliveryRef, readDraft } from '../transactions/deliveries/subject.ts'
import type { House } from '../transactions/house.ts'
import { faultOf } from './faults.ts'
import { reasonToldBefore, tellHeld } from './held.ts'
import { renderDelivery } from './render.ts'

export type DeliverRequest = {
  ref: DeliveryRef
  /** Milliseconds after which a message still held back is not sent any more; null: the engine's own bound. */
  expiresMs: number | null
  /** The run's own clock, RFC 3339. */
  now: string
}
export type DeliverAnswer = { result: SendResult; ended: RunEnd | null }

/** What a delivery is made with. */
export type Means = { house: House; email: EmailChannel; publicUrl: string }

/** A rendering goes stale when somebody changes the message or the person's wish meanwhile; not this often in a row. */
const mostRenderings = 20

export async function deliver(means: Means, request: DeliverRequest): Promise<DeliverAnswer> {
  try {
    return await tryRenderings(means, request)
  } catch (error) {
    if (error instanceof ApplicationFailure && error.type === heldType) {
      await tellHeld(request.ref, error.message)
    }
    throw error
  }
}

async function tryRenderings(means: Means, request: DeliverRequest): Promise<DeliverAnswer> {
  for (let round = 0; round < mostRenderings; round++) {
    const answer = await tryOnce(means, request)
    if (answer !== 'stale') return answer
  }
  throw tryAgain('the message changed again and again while it was rendered')
}

/** Gives signs of life until the work is done: without one for 15 seconds the engine would start another attempt beside it. */
export async function alive<T>(work: () => Promise<T>): Promise<T> {
  const told = reasonToldBefore()
  const beat = setInterval(() => heartbeat(told), 3_000)
  try {
    return await work()
  } finally {
    clearInterval(beat)
  }
}

async function tryOnce(means: Means, request: DeliverRequest): Promise<DeliverAnswer | 'stale'> {
  const { house } = means
  const { subject, content } = await readDraft(house, house.reads ?? house.db, request.ref)
  const expired = request.expiresMs !== null && elapsed() >= request.expiresMs
  const options = { now: request.now, expired }
  const orNotMade = <T>(make: () => Promise<T>): Promise<T | DeliveryRow> =>
    make().catch((error: unknown) => notMade(means, request, error))
  if (subject.decision.verdict === 'block' || subject.sender.ended !== null || expired) {
    const claim = await claimDelivery(house, { ready: false, subject }, options)
    return claim.kind === 'settled' ? answerOf(claim.delivery) : 'stale'
  }
  const made = await orNotMade(() => renderDelivery(house, subject, content, means.publicUrl))
  if ('state' in made) return answerOf(made)
  await point('deliver:rendered')
  const slot = await orNotMade(() => means.email.acquire({ signal: Context.current().cancellationSignal }))
  if ('state' in slot) return answerOf(slot)
  try {
    const prospect: Prospect = made.rendering
    const claim = await claimDelivery(house, prospect, options)
    if (claim.kind === 'stale') return 'stale'
    if (claim.kind === 'settled') return answerOf(claim.delivery)
    await point('deliver:claimed')
    const outcome = await slot.handOver(made.mail, () => markHandedOver(house, claim.delivery, claim.attempt))
    await point('deliver:answered')
    const delivery = await record(house, claim, outcome, request.now)
    if (isOpen(delivery)) throw tryAgain(heldBecause(delivery))
    return answerOf(delivery)
  } finally {
    slot.release()
  }
}

/** The provider's answer is worth some patience with a database that is away for a moment: without it all that is left is `unknown`. */
async function record(
  house: House,
  claim: { delivery: string; attempt: number },
  outcome: HandOverOutcome,
  now: string,
): Promise<DeliveryRow> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await settleDelivery(house, claim, outcome, now)
    } catch (error) {
      if (attempt === 5) throw error
      await Context.current().sleep(attempt * 500)
    }
  }
}

/**
 * What cannot be made now: fails where the message is the cause, is held where our environment is, and says why in its row.
 *
 * @throws ApplicationFailure where it is to be tried again
 */
async function notMade(means: Means, request: DeliverRequest, error: unknown): Promise<DeliveryRow> {
  const { house } = means
  const { ref, now } = request
  const fault = faultOf(error)
  if (fault === null) throw error
  const { kind, reason } = fault
  if (error instanceof JobFailed) {
    house.log.error({ delivery: claimKeyOf(ref), kind: error.kind }, 'rendering a mail failed unexpectedly')
  }
  if (kind === 'message') return giveUpDelivery(house, ref, reason, now)
  const delivery = await holdDelivery(house, ref, { reason, rendering: kind === 'rendering' }, now)
  await point('deliver:held')
  if (isOpen(delivery)) throw tryAgain(reason)
  return delivery
}

/** Not settled. Where it is handed over, that is another attempt's, and what comes of it not this one's to say. */
function isOpen({ state }: DeliveryRow): boolean {
  return state === 'held' || state === 'claimed' || state === 'handed-over'
}

/** The code of the reason, and of the server's answer its numbers; its words may quote an address. */
function heldBecause({ state, reason, providerAnswer }: DeliveryRow): string {
  const { code, enhanced } = answerShape.parse(providerAnswer ?? {})
  const numbers = [code, enhanced].filter((one) => one != null)
  return numbers.length === 0 ? (reason ?? state) : `${reason ?? state} (${numbers.join(' ')})`
}

const answerShape = z.object({ code: z.number().nullish(), enhanced: z.string().nullish() })

const heldType = 'DeliveryHeld'

/** Its message is plain text in the engine: a code, never data. */
function tryAgain(reason: string): ApplicationFailure {
  return ApplicationFailure.retryable(reason, heldType)
}

/** Milliseconds since the engine first asked for this delivery. */
function elapsed(): number {
  const { scheduledTimestampMs } = Context.current().info
  return Date.now() - scheduledTimestampMs
}

export function answerOf(delivery: DeliveryRow): DeliverAnswer {
  return { result: resultOf(delivery), ended: null }
}

function resultOf(delivery: DeliveryRow): SendResult {
  switch (delivery.state) {
    case 'sent':
    case 'delivered':
    case 'handed-over':
      return 'handed-over'
    case 'blocked':
    case 'failed':
    case 'unknown':
    case 'expired':
    case 'cancelled':
      return delivery.state
    case 'claimed':
    case 'held':
      return 'failed'
    default:
      return delivery.state satisfies never
  }
}
