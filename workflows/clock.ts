/** The run's own clock: the engine's, which a rehearsal skips ahead. */
export function now(): string {
  return new Date().toISOString()
}

/** Milliseconds from now until then, never negative. */
export function untilThen(then: string): number {
  return Math.max(0, Date.parse(then) - Date.now())
}
