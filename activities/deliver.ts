/**
 * The delivery activity: renders and prepares the message, obtains a connection slot, and only then claims (which decides again under the
 * lock) and hands over at once. It runs for minutes at most: a longer hold is a time in the delivery's row, for which the run's workflow
 * waits. Each attempt starts from the beginning; the delivery's row records what earlier attempts did.
 */
import { Context, heartbeat } from '@temporalio/activity'
import { isFault, MessageFault, RenderingStopped } from '../domain/delivery/faults.ts'
import type { HandOverOutcome } from '../domain/delivery/outcome.ts'
import { failpoint } from '../failpoints.ts'
import { observeHandOver } from '../telemetry/sends.ts'
import { inSpan } from '../telemetry/spans.ts'
import { type Claim, claimDelivery, type DeliveryRow } from '../transactions/deliveries/claimDelivery.ts'
import { giveUpDelivery } from '../transactions/deliveries/giveUpDelivery.ts'
import { holdDelivery } from '../transactions/deliveries/holdDelivery.ts'
import {
  type Assessment,
  type Content,
  type DeliveryRef,
  type Origin,
  readDraft,
} from '../transactions/deliveries/origin.ts'
import { markHandedOver, settleDelivery } from '../transactions/deliveries/settleDelivery.ts'
import type { Deps } from '../transactions/deps.ts'
import type { Means } from './means.ts'
import { prepareDelivery } from './prepare.ts'

/** `now`: the workflow's clock, RFC 3339. */
export type DeliverRequest = { ref: DeliveryRef; now: string }

/** The delivery as this attempt leaves it, and the clock of its run. */
export type Delivered = { delivery: DeliveryRow; clock: Origin['clock'] }

/** Most renderings in a row. A rendering becomes stale if the message or the consent changes before the claim. */
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

/** Sends heartbeats until the work is done. After 15 seconds without one, the engine would start another attempt in parallel. */
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
  // On skipped time only the workflow knows the current time.
  const now = () => (clock === 'real' ? new Date().toISOString() : asked)
  if (decision.verdict === 'block' || origin.ended !== null) {
    return settled(await claimDelivery(deps, { ready: false, assessment }, now()), clock)
  }
  const ready = await makeReady(means, assessment, content).catch((error: unknown) => {
    return notMade(means, { ref, now: now() }, assessment, error)
  })
  if ('state' in ready) return { delivery: ready, clock }
  const { rendering, prepared, slot } = ready
  try {
    const claim = await claimDelivery(deps, rendering, now())
    if (claim.kind !== 'claimed') return settled(claim, clock)
    await failpoint('deliver:claimed')
    const outcome = await measured(intended.channel, () =>
      slot.handOver(prepared, () => markHandedOver(deps, claim.delivery, claim.attempt)),
    )
    await failpoint('deliver:answered')
    const made = { ...claim, idempotent: rendering.idempotent }
    return { delivery: await record(deps, made, outcome, now()), clock }
  } finally {
    slot.release()
  }
}

/** Prepares what the claim needs: the message as it will be sent, and a connection slot. @throws Fault */
async function makeReady(means: Means, assessment: Assessment, content: Content) {
  const { channel, prepared, rendering } = await prepareDelivery(means, assessment, content)
  await failpoint('deliver:rendered')
  const slot = await channel.acquire({ signal: Context.current().cancellationSignal })
  return { rendering, prepared, slot }
}

function settled(claim: Claim, clock: Origin['clock']): Delivered | 'stale' {
  return claim.kind === 'settled' ? { delivery: claim.delivery, clock } : 'stale'
}

/** Measures the duration of a hand-over. */
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

/** Retries while the database is unreachable: if the provider's answer were lost, the delivery would end as `unknown`. */
async function record(
  deps: Deps,
  claim: Extract<Claim, { kind: 'claimed' }> & { idempotent: boolean },
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
 * Records why the delivery cannot be made now. If the message is the cause, the delivery fails; if our environment is, it is held.
 * @throws the error, if it is neither a message fault nor an environment fault
 */
async function notMade(
  { deps, channels }: Means,
  { ref, now }: DeliverRequest,
  { intended }: Assessment,
  fault: unknown,
): Promise<DeliveryRow> {
  if (!isFault(fault)) throw fault
  const { reason } = fault
  if (fault instanceof MessageFault) return giveUpDelivery(deps, ref, reason)
  const idempotent = channels.isIdempotent(intended.channel)
  const hold = { reason, rendering: fault instanceof RenderingStopped, idempotent }
  const delivery = await holdDelivery(deps, ref, hold, now)
  await failpoint('deliver:held')
  return delivery
}
