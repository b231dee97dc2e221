/**
 * What the database says of the whole installation: the same in each process, so a query takes the maximum, not the sum.
 * `views/gauges.ts` reads it.
 */
import { Gauge } from 'prom-client'
import { registry } from './registry.ts'

/** Counts end at a bound (`views/gauges.ts`): a count that is at its bound means that many or more. */
export type Gauges = {
  outbox: readonly { lane: string; rows: number; seconds: number }[]
  outboxParked: number
  deliveries: readonly { state: string; count: number }[]
  runsParked: number
  doubleOptInsPending: number
  workers: number
  /** Whether a worker reached the channel's provider when it last tried. A channel that none has tried yet is missing. */
  channels: readonly { channel: string; reachable: boolean }[]
  /** Runs and requests looked at by a sweep of recovery that is under way; null: there is none. */
  sweepSeen: number | null
}

const whole = (help: string): string => `Whole installation: ${help}`
const gauge = (name: string, help: string) => new Gauge({ name, help: whole(help), registers: [registry] })
const gaugeBy = <const L extends string>(label: L, name: string, help: string) =>
  new Gauge({ name, help: whole(help), labelNames: [label], registers: [registry] })

const read = gauge('assent_gauges_read', '1: these gauges were read; 0: the database did not answer')
const rows = gaugeBy(
  'lane',
  'assent_outbox_rows',
  'Outbox rows that wait to be told, by lane, counted up to 100,000',
)
const age = gaugeBy(
  'lane',
  'assent_outbox_age_seconds',
  'Age of the outbox row that is next, by lane; 0: none waits',
)
const outboxParked = gauge('assent_outbox_parked_rows', 'Outbox rows that are parked, counted up to 10,000')
const deliveries = gaugeBy(
  'state',
  'assent_deliveries_waiting',
  'Deliveries that are held or unknown, counted up to 10,000',
)
const runsParked = gauge('assent_runs_parked', 'Runs that are parked, counted up to 10,000')
const pending = gauge(
  'assent_double_opt_ins_pending',
  'Double opt-ins that wait for their confirmation, counted up to 10,000',
)
const workers = gauge('assent_workers', 'Workers that gave a sign of life in the last 30 seconds')
const channels = gaugeBy(
  'channel',
  'assent_channel_reachable',
  "1: a worker reached the channel's provider when it last tried; 0: none did",
)
const sweeping = gauge(
  'assent_recovery_sweep_running',
  '1: all open runs are being looked at, since the engine has changed',
)
const seen = gauge('assent_recovery_sweep_seen', 'Runs and requests that the sweep under way has looked at')

/** @param view null: it could not be read, so nothing is shown */
export function showGauges(view: Gauges | null): void {
  for (const one of [outboxParked, runsParked, pending, workers, sweeping, seen]) one.remove()
  for (const one of [rows, age, deliveries, channels]) one.reset()
  read.set(view === null ? 0 : 1)
  if (view === null) return
  for (const { lane, rows: count, seconds } of view.outbox) {
    rows.set({ lane }, count)
    age.set({ lane }, seconds)
  }
  outboxParked.set(view.outboxParked)
  for (const { state, count } of view.deliveries) deliveries.set({ state }, count)
  runsParked.set(view.runsParked)
  pending.set(view.doubleOptInsPending)
  workers.set(view.workers)
  for (const { channel, reachable } of view.channels) channels.set({ channel }, reachable ? 1 : 0)
  sweeping.set(view.sweepSeen === null ? 0 : 1)
  seen.set(view.sweepSeen ?? 0)
}
