/**
 * The pools of one process. Each kind of work has its own connections, so requests and activities do not wait for the outbox, the outbox
 * does not wait for them, and nothing waits for recovery and sweeps.
 */
import { type Connection, connect, connectionsOf } from './connect.ts'

/**
 * - `main`: requests of the API, or activities of the worker
 * - `reads`: single reads of activities; no transactions
 * - `dispatch`: the outbox: leases, and the intake of our own events
 * - `background`: recovery, sweeps, verifications, heartbeats, gauges
 */
type PoolName = 'main' | 'reads' | 'dispatch' | 'background'

/** Most transactions at the same time, by pool. */
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

/** Closes the pools one after the other; those of requests and activities last. */
export async function closePools({ main, reads, dispatch, background }: Pools): Promise<void> {
  for (const pool of [background, dispatch, reads, main]) await pool.close()
}

/** Most connections of a process with these pools. */
export function mostConnections(sizes: PoolSizes): number {
  return Object.values(sizes).reduce((sum, size) => sum + connectionsOf(size), 0)
}
