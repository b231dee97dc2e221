/** Triggers, runs, and recovery. */
import { Counter } from 'prom-client'
import { builtInTriggers } from '../domain/triggers/catalogue.ts'
import { atMost, oneOf, registry } from './registry.ts'

const triggers = new Counter({
  name: 'assent_triggers_total',
  help: 'Triggers taken, and triggers answered as before because their id was known; custom ones count together',
  labelNames: ['trigger', 'outcome'] as const,
  registers: [registry],
})
const skips = new Counter({
  name: 'assent_journey_entries_skipped_total',
  help: 'Journeys that a trigger would have entered, but for a bound',
  labelNames: ['code'] as const,
  registers: [registry],
})
const started = new Counter({
  name: 'assent_runs_started_total',
  help: 'Runs started, by triggers and over REST',
  registers: [registry],
})
const ended = new Counter({
  name: 'assent_runs_ended_total',
  help: 'Runs ended, by how',
  labelNames: ['state'] as const,
  registers: [registry],
})
const parked = new Counter({
  name: 'assent_runs_parked_total',
  help: 'Runs that were parked and wait for an operator',
  labelNames: ['reason'] as const,
  registers: [registry],
})
const recoveries = new Counter({
  name: 'assent_recoveries_total',
  help: 'Runs and requests that recovery looked at, by what it did',
  labelNames: ['outcome'] as const,
  registers: [registry],
})

const builtIn = oneOf(builtInTriggers.map(({ name }) => name))
const parkReasonOf = atMost(20)

/** @param name a custom trigger's name counts as `custom` */
export function countTrigger(name: string, outcome: 'taken' | 'duplicate'): void {
  const known = builtIn(name)
  triggers.inc({ trigger: known === 'other' ? 'custom' : known, outcome })
}

export function countSkippedEntry(
  code: 'too-many-runs' | 'journey-loop' | 'unreadable-journey-version',
): void {
  skips.inc({ code })
}

export function countRunStarted(): void {
  started.inc()
}

export function countRunEnded(state: 'completed' | 'exited' | 'cancelled' | 'failed'): void {
  ended.inc({ state })
}

/** @param reason code of a `MachineError`, or `recovered-in-vain` */
export function countRunParked(reason: string): void {
  parked.inc({ reason: parkReasonOf(reason) })
}

export function countRecovery(outcome: 'left' | 'nudged' | 'started' | 'ended' | 'parked' | 'failed'): void {
  recoveries.inc({ outcome })
}
