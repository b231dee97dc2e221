/**
 * Shares one read among all callers: at most one runs at a time, and its result is cached for a while. So frequent
 * scrapes cause no load, and none is refused.
 */
export function shared<T>(holds: number, look: () => Promise<T>): () => Promise<T> {
  let last: { answer: Promise<T>; until: number } | null = null
  return () => {
    if (last !== null && performance.now() < last.until) return last.answer
    const mine = { answer: look(), until: Number.POSITIVE_INFINITY }
    const ended = (): void => {
      mine.until = performance.now() + holds
    }
    mine.answer.then(ended, ended)
    last = mine
    return mine.answer
  }
}
