/**
 * The log lines and the metrics of outcomes: one line for each change of a delivery that an operator may ask about, and one for each run's
 * end. A line is written, and an outcome counted, once its change is committed. It holds ids, keys and codes, and the provider's words
 * with addresses masked.
 */
import type { DeliveryRow } from '../db/schema/deliveries.ts'
import { codesOf, textOf } from '../domain/delivery/providerAnswer.ts'
import type { RunEnd } from '../domain/journey/machineTypes.ts'
import { countRunEnded } from '../telemetry/journeys.ts'
import { countDelivery } from '../telemetry/sends.ts'
import type { Deps } from './deps.ts'

/**
 * Does the work in a transaction of its own; what it tells of is written to the log once that is committed, the transactions around
 * it included.
 */
export async function committing<T>(deps: Deps, work: (inner: Deps) => Promise<T>): Promise<T> {
  const afterCommit: (() => void)[] = []
  const result = await deps.db.transaction((tx) => work({ ...deps, db: tx, afterCommit }))
  for (const act of afterCommit) whenCommitted(deps, act)
  return result
}

/** The delivery came into the state it has. */
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

/** Does it once the transaction that `deps` belongs to is committed, the transactions around that included; else now. */
export function whenCommitted(deps: Deps, write: () => void): void {
  if (deps.afterCommit === undefined) write()
  else deps.afterCommit.push(write)
}
