/** Waits for what must come, by looking; fails with what was last seen. For states that arrive by themselves, never for races. */
import { setTimeout as pause } from 'node:timers/promises'

export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  options: { seconds?: number } = {},
): Promise<T> {
  const end = Date.now() + (options.seconds ?? 40) * 1_000
  let seen: unknown
  for (;;) {
    const found = await look().catch((error: unknown) => {
      seen = error
      return null
    })
    if (found !== null && found !== undefined && found !== false) return found
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`, { cause: seen })
    await pause(50)
  }
}
