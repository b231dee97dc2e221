/**
 * The pools of one process. Work of one kind never waits for connections that another kind has: requests and activities do not starve
 * behind the outbox, nor the outbox behind them, nor anything behind recovery and sweeps.
 */
import { type Connection, connect, connectionsOf } from './connect.ts'

/**
 * - `main`: requests of the API, or activities of the worker.
 * - `reads`: single reads of activities that only look. It carries no transactions.
 * - `dispatch`: the outbox: leases, and the events of our own that are taken from it.
 * - `background`: recovery, sweeps, verifications, signs of life, gauges.
 */
type PoolName = 'main' | 'reads' | 'dispatch' | 'background'

/** Most transactions at once, by pool. */
export type PoolSizes = Readonly<Record<PoolName, number>>

export const serverPools: PoolSizes = { main: 10, reads: 0, dispatch: 8, background: 1 }
export const workerPools: PoolSizes = { main: 20, reads: 0, dispatch: 8, background: 3 }

export type Pools = Readonly<Record<PoolName, Connection>>

/** Opens the pools. Connections are made on first use. @param url as for `connect` */
export function openPools(url: string, sizes: PoolSizes): Pools {
  return {
    main: connect(url, sizes.main),
    reads: connect(url, sizes.reads),
    dispatch: connect(url, sizes.dispatch),
    background: connect(url, sizes.background),
  }
}

/** One after the other: what belongs to a request or an activity ends last. */
export async function closePools({ main, reads, dispatch, background }: Pools): Promise<void> {
  for (const pool of [background, dispatch, reads, main]) await pool.close()
}

/** Most connections that a process with these pools has at once. */
export function mostConnections(sizes: PoolSizes): number {
  return Object.values(sizes).reduce((sum, size) => sum + connectionsOf(size), 0)
}
