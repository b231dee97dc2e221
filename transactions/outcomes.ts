/**
 * Log lines and metrics of outcomes: one line for each change of a delivery that operators may look for, and one for the end of each run.
 * A change is logged and counted only after its commit. A line contains ids, keys and codes, and the provider's text with addresses
 * masked.
 */
import type { DeliveryRow } from '../db/schema/deliveries.ts'
import { codesOf, textOf } from '../domain/delivery/providerAnswer.ts'
import type { RunEnd } from '../domain/journey/machineTypes.ts'
import { countRunEnded } from '../telemetry/journeys.ts'
import { countDelivery } from '../telemetry/sends.ts'
import type { Deps } from './deps.ts'

/**
 * Runs `work` in its own transaction. The outcomes it reports are logged and counted after the commit, including that of any outer
 * transaction.
 */
export async function committing<T>(deps: Deps, work: (inner: Deps) => Promise<T>): Promise<T> {
  const afterCommit: (() => void)[] = []
  const result = await deps.db.transaction((tx) => work({ ...deps, db: tx, afterCommit }))
  for (const act of afterCommit) whenCommitted(deps, act)
  return result
}

/** Logs and counts the delivery's new state. */
export function tellDelivery(deps: Deps, delivery: DeliveryRow): void {
  const { id, runId, doubleOptIn, journey, step, message, channel, state, reason, attempt } = delivery
  const answer = delivery.providerAnswer
  const line = {
    ...codesOf(answer),
    ...{ delivery: id, run: runId, doubleOptIn, journey, step, message, channel, state, reason, attempt },
    answer: textOf(answer),
  }
  whenCommitted(deps, () => {
    countDelivery(line)
    if (troubling.has(state)) deps.log.warn(line, 'delivery')
    else deps.log.info(line, 'delivery')
  })
}

const troubling: ReadonlySet<DeliveryRow['state']> = new Set(['held', 'failed', 'unknown'])

export function tellRunEnds(
  deps: Deps,
  runs: readonly { id: string; journey: string }[],
  { state, reason }: RunEnd,
): void {
  whenCommitted(deps, () => {
    for (const { id, journey } of runs) {
      countRunEnded(state)
      const line = { run: id, journey, state, reason }
      if (state === 'failed') deps.log.warn(line, 'run ended')
      else deps.log.info(line, 'run ended')
    }
  })
}

/** Calls `write` after the commit of the transaction of `deps`, and of any outer one; at once if `deps` has no transaction. */
export function whenCommitted(deps: Deps, write: () => void): void {
  if (deps.afterCommit === undefined) write()
  else deps.afterCommit.push(write)
}
