/**
 * Alternating rounds: A, B, A, B … in one run, so that other load on the machine affects both. Of each side the median
 * counts; of the two together the median of the ratios of neighbours, which a slow minute does not sway.
 */

export type Side = { name: string; round: () => Promise<number> }

/** What a side reached: a figure for each round, and their median. */
export type Reached = { median: number; rounds: number[] }

export type Compared = { ours: Reached; theirs: Reached; ratio: number }

/** One round of each that is not counted, then the given number of each. */
export async function compare(
  ours: Side,
  theirs: Side,
  count: number,
  say: (line: string) => void,
): Promise<Compared> {
  const figures = { ours: [] as number[], theirs: [] as number[] }
  for (let round = 0; round <= count; round++) {
    const one = await ours.round()
    const other = await theirs.round()
    const what = round === 0 ? 'warm-up' : `round ${round} of ${count}`
    say(`${what}: ${ours.name} ${shown(one)}, ${theirs.name} ${shown(other)} a second`)
    if (round === 0) continue
    figures.ours.push(one)
    figures.theirs.push(other)
  }
  const ratios = figures.ours.map((one, index) => one / (figures.theirs[index] ?? Number.NaN))
  return { ours: reached(figures.ours), theirs: reached(figures.theirs), ratio: median(ratios) }
}

export function reached(rounds: number[]): Reached {
  return { median: median(rounds), rounds }
}

export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((one, other) => one - other)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper
}

/** A figure with a sensible number of digits. */
export function shown(figure: number): string {
  if (figure >= 1_000_000) return `${(figure / 1_000_000).toFixed(1)} M`
  return figure >= 100 ? String(Math.round(figure)) : figure.toFixed(1)
}
