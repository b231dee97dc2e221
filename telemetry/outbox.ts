/**
 * Metrics of the outbox rows that this process dispatched. The number of waiting rows is read from the database:
 * `gauges.ts`.
 */
import { Counter, Histogram } from 'prom-client'
import { laneName } from '../domain/lanes.ts'
import { registry } from './registry.ts'

const told = new Histogram({
  name: 'assent_outbox_told_seconds',
  help: 'Age of outbox rows when they were told, by lane',
  labelNames: ['lane'] as const,
  buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800],
  registers: [registry],
})
const failures = new Counter({
  name: 'assent_outbox_failures_total',
  help: 'Attempts to tell an outbox row that failed: the engine or the database is away, or the row itself is at fault',
  labelNames: ['lane', 'cause'] as const,
  registers: [registry],
})
const parked = new Counter({
  name: 'assent_outbox_parked_total',
  help: 'Outbox rows parked after their last attempt',
  labelNames: ['kind'] as const,
  registers: [registry],
})

type Row = { lane: number; createdAt: string }

export function observeTold({ lane, createdAt }: Row): void {
  // Two clocks: the database's wrote the time.
  told.observe({ lane: laneName(lane) }, Math.max(0, Date.now() - Date.parse(createdAt)) / 1_000)
}

export function countUntold(
  { lane }: Pick<Row, 'lane'>,
  cause: 'engine-away' | 'database-away' | 'row',
): void {
  failures.inc({ lane: laneName(lane), cause })
}

export function countParkedRow(kind: string): void {
  parked.inc({ kind })
}
