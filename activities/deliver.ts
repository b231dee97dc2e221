/**
 * The delivery activity: render, obtain a free connection, and only then claim (which decides again under the lock) and hand
 * over at once. Each attempt of the engine's runs this from the start; the delivery's row says what an earlier one did.
 */
import { Context, heartbeat } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { z } from 'zod'
import { ChannelUnavailable, type EmailChannel } from '../channels/channel.ts'
import { ComposeError } from '../channels/email/compose.ts'
import type { RunEnd } from '../domain/journey/answers.ts'
import type { SendResult } from '../domain/journey/machine.ts'
import { point } from '../points.ts'
import { claimDelivery, type DeliveryRow, type Prospect } from '../transactions/deliveries/claimDelivery.ts'
import {
  giveUpDelivery,
  type HandOverOutcome,
  markHandedOver,
  settleDelivery,
} from '../transactions/deliveries/settleDelivery.ts'
import { type DeliveryRef, readDraft } from '../transactions/deliveries/subject.ts'
import type { House } from '../transactions/house.ts'
import { reasonToldBefore, tellHeld } from './held.ts'
import { CannotRender, renderDelivery } from './render.ts'

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
  if (subject.decision.verdict === 'block' || subject.sender.ended !== null || expired) {
    const claim = await claimDelivery(house, { ready: false, subject }, options)
    return claim.kind === 'settled' ? answerOf(claim.delivery) : 'stale'
  }
  const made = await renderDelivery(house, subject, content, means.publicUrl).catch(unsendable)
  if ('reason' in made) return answerOf(await giveUpDelivery(house, request.ref, made.reason, request.now))
  await point('deliver:rendered')
  const slot = await means.email.acquire({ signal: Context.current().cancellationSignal }).catch(unavailable)
  try {
    const prospect: Prospect = made.rendering
    const claim = await claimDelivery(house, prospect, options)
    if (claim.kind === 'stale') return 'stale'
    if (claim.kind === 'settled') return answerOf(claim.delivery)
    await point('deliver:claimed')
    const outcome = await slot.handOver(made.mail, () => markHandedOver(house, claim.delivery, claim.attempt))
    await point('deliver:answered')
    const delivery = await record(house, claim, outcome, request.now)
    // Still handed over: by another attempt, since this one was told no. What comes of that is not this one's to say.
    const open = delivery.state === 'held' || delivery.state === 'claimed' || delivery.state === 'handed-over'
    if (open) throw tryAgain(heldBecause(delivery))
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

/** A message that cannot be made will not get better by trying. */
function unsendable(error: unknown): { reason: string } {
  if (error instanceof CannotRender) return { reason: error.reason }
  if (error instanceof ComposeError) return { reason: `cannot-compose: ${error.code}` }
  throw error
}

function unavailable(error: unknown): never {
  if (error instanceof ChannelUnavailable) throw tryAgain(`channel-unavailable: ${error.code}`)
  throw error
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
