/** Processes items at a fixed rate, a few in parallel, so that even many items delay no other work. */
import { setTimeout as pause } from 'node:timers/promises'

/** Groups per second. */
const groups = 10

/**
 * @param options.rate items per second
 * @param options.stopped checked before each group
 * @returns whether all items were processed
 */
export async function inPace<T>(
  items: readonly T[],
  options: { rate: number; stopped: () => boolean },
  work: (item: T) => Promise<void>,
): Promise<boolean> {
  const size = Math.max(1, Math.floor(options.rate / groups))
  const spacing = (size / options.rate) * 1_000
  for (let at = 0; at < items.length; at += size) {
    if (options.stopped()) return false
    await Promise.all([...items.slice(at, at + size).map(work), pause(spacing)])
  }
  return true
}
