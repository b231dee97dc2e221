/** Works through items at a set rate, a few beside one another, so that nothing else is delayed by how many there are. */
import { setTimeout as pause } from 'node:timers/promises'

/** Groups a second. */
const groups = 10

/**
 * @param options.rate items a second
 * @param options.stopped asked before each group
 * @returns whether all items were worked on
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
