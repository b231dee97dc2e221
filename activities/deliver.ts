/**
 * The delivery activity: render, obtain a free connection, and only then claim (which decides again under the lock) and hand over at
 * once. It lives for minutes at most: what is held longer is a row with a time, which the run's workflow waits for. Each attempt
 * runs this from the start; the delivery's row says what an earlier one did.
 */
import { Context, heartbeat } from '@temporalio/activity'
import type { EmailChannel } from '../channels/channel.ts'
import { failpoint } from '../failpoints.ts'
import { observeHandOver } from '../telemetry/sends.ts'
import { inSpan } from '../telemetry/spans.ts'
import { JobFailed } from '../threads/pool.ts'
import { type Claim, claimDelivery, type DeliveryRow } from '../transactions/deliveries/claimDelivery.ts'
import { giveUpDelivery } from '../transactions/deliveries/giveUpDelivery.ts'
import { holdDelivery } from '../transactions/deliveries/holdDelivery.ts'
import { type DeliveryRef, type Origin, readDraft } from '../transactions/deliveries/origin.ts'
import {
  type HandOverOutcome,
  markHandedOver,
  settleDelivery,
} from '../transactions/deliveries/settleDelivery.ts'
import type { Deps } from '../transactions/deps.ts'
import { faultOf } from './faults.ts'
import { renderDelivery } from './render.ts'

/** `now`: the workflow's clock, RFC 3339. */
export type DeliverRequest = { ref: DeliveryRef; now: string }

/** The delivery as this attempt leaves it, and the clock of its run. */
export type Delivered = { delivery: DeliveryRow; clock: Origin['clock'] }

/** What a delivery is made with. */
export type Means = { deps: Deps; email: EmailChannel; publicUrl: string }

/** A rendering goes stale when somebody changes the message or the person's wish meanwhile; not this often in a row. */
const mostRenderings = 20

export async function deliver(means: Means, request: DeliverRequest): Promise<Delivered> {
  for (let round = 0; round < mostRenderings; round++) {
    const delivered = await tryOnce(means, request)
    if (delivered !== 'stale') return delivered
  }
  const delivery = await holdDelivery(
    means.deps,
    request.ref,
    { reason: 'changed-while-rendered', rendering: false },
    request.now,
  )
  return { delivery, clock: 'skipping' }
}

/** Gives signs of life until the work is done: without one for 15 seconds the engine would start another attempt beside it. */
export async function alive<T>(work: () => Promise<T>): Promise<T> {
  const beat = setInterval(() => heartbeat(), 3_000)
  try {
    return await work()
  } finally {
    clearInterval(beat)
  }
}

async function tryOnce(means: Means, { ref, now: asked }: DeliverRequest): Promise<Delivered | 'stale'> {
  const { deps } = means
  const { assessment, content } = await readDraft(deps, deps.reads ?? deps.db, ref)
  const { origin, intended, decision } = assessment
  const { clock } = origin
  // On skipped time only the workflow's word for the time counts.
  const now = () => (clock === 'real' ? new Date().toISOString() : asked)
  const unlessFaulty = <T>(make: () => Promise<T>): Promise<T | DeliveryRow> =>
    make().catch((error: unknown) => notMade(deps, { ref, now: now() }, error))
  if (decision.verdict === 'block' || origin.ended !== null) {
    return settled(await claimDelivery(deps, { ready: false, assessment }, now()), clock)
  }
  const made = await unlessFaulty(() => renderDelivery(deps, assessment, content, means.publicUrl))
  if ('state' in made) return { delivery: made, clock }
  await failpoint('deliver:rendered')
  const slot = await unlessFaulty(() => means.email.acquire({ signal: Context.current().cancellationSignal }))
  if ('state' in slot) return { delivery: slot, clock }
  try {
    const claim = await claimDelivery(deps, made.rendering, now())
    if (claim.kind !== 'claimed') return settled(claim, clock)
    await failpoint('deliver:claimed')
    const outcome = await measured(intended.channel, () =>
      slot.handOver(made.mail, () => markHandedOver(deps, claim.delivery, claim.attempt)),
    )
    await failpoint('deliver:answered')
    return { delivery: await record(deps, claim, outcome, now()), clock }
  } finally {
    slot.release()
  }
}

function settled(claim: Claim, clock: Origin['clock']): Delivered | 'stale' {
  return claim.kind === 'settled' ? { delivery: claim.delivery, clock } : 'stale'
}

/** Takes the time of a hand-over. */
async function measured(channel: string, work: () => Promise<HandOverOutcome>): Promise<HandOverOutcome> {
  const began = performance.now()
  let kind: HandOverOutcome['kind'] | 'error' = 'error'
  try {
    const outcome = await inSpan({ name: `hand over ${channel}`, kind: 'client' }, work)
    kind = outcome.kind
    return outcome
  } finally {
    observeHandOver(channel, kind, (performance.now() - began) / 1_000)
  }
}

/** The provider's answer is worth some patience with a database that is away for a moment: without it all that is left is `unknown`. */
async function record(
  deps: Deps,
  claim: Extract<Claim, { kind: 'claimed' }>,
  outcome: HandOverOutcome,
  now: string,
): Promise<DeliveryRow> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await settleDelivery(deps, claim, outcome, now)
    } catch (error) {
      if (attempt === 5) throw error
      await Context.current().sleep(attempt * 500)
    }
  }
}

/**
 * What cannot be made now: fails where the message is the cause, is held where our environment is, and says why in its row.
 * @throws what says nothing about either
 */
async function notMade(deps: Deps, { ref, now }: DeliverRequest, error: unknown): Promise<DeliveryRow> {
  const fault = faultOf(error)
  if (fault === null) throw error
  const { kind, reason } = fault
  if (error instanceof JobFailed) {
    deps.log.error({ delivery: ref.delivery, kind: error.kind }, 'rendering a mail failed unexpectedly')
  }
  if (kind === 'message') return giveUpDelivery(deps, ref, reason)
  const delivery = await holdDelivery(deps, ref, { reason, rendering: kind === 'rendering' }, now)
  await failpoint('deliver:held')
  return delivery
}
