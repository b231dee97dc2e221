/** However many ask, there is one look at a time, and its answer holds for a while: nobody's asking is a load, nor refused. */
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
