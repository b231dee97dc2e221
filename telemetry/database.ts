/** Connections to Postgres: how many are in use, who waits for one, and for how long. */
import { Counter, Gauge, Histogram } from 'prom-client'
import { registry } from './registry.ts'

/** How busy a pool is now. */
export type PoolUse = {
  /** Connections for transactions. */
  size: number
  /** Of these, those that carry one now. */
  busy: number
  /** Callers in line for one. */
  waiting: number
  /** Callers that had to wait in line so far. */
  waited: number
  /** Single reads under way, on connections of their own. */
  reads: number
}

const pools = new Map<string, () => PoolUse>()

new Gauge({
  name: 'assent_database_connections',
  help: 'Connections for transactions, by pool: size (all), busy, waiting (callers in line), reads (single reads under way)',
  labelNames: ['pool', 'state'] as const,
  registers: [registry],
  collect() {
    for (const [pool, useOf] of pools) {
      const { waited: _waited, ...now } = useOf()
      for (const [state, count] of Object.entries(now)) this.set({ pool, state }, count)
    }
  },
})
const waits = new Histogram({
  name: 'assent_database_wait_seconds',
  help: 'Time in line for a connection, of callers that found none free',
  buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
  registers: [registry],
})
const refused = new Counter({
  name: 'assent_database_busy_total',
  help: 'Callers that got no connection in time, or found the line full',
  registers: [registry],
})

/** @param name of the pool (`db/pools.ts`) */
function watchPool(name: string, use: () => PoolUse): void {
  pools.set(name, use)
}

export function observeWait(seconds: number): void {
  waits.observe(seconds)
}

export function countBusy(): void {
  refused.inc()
}

/** All pools of a process. */
export function watchPools(pools: Readonly<Record<string, { use(): PoolUse }>>): void {
  for (const [name, { use }] of Object.entries(pools)) watchPool(name, use)
}
