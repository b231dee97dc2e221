/** The known name that a mistyped one most likely means: `e-mail` → `email`, `stat` → `state`. */

/** Longer names are not compared: none of ours is that long. */
const longest = 40

/** @returns the closest of the known names, or null if none is close; the first of several equally close ones */
export function nearest(name: string, known: readonly string[]): string | null {
  const wanted = plain(name)
  if (wanted === '' || name.length > longest) return null
  let best: { name: string; distance: number } | null = null
  for (const candidate of known) {
    const other = plain(candidate)
    const distance = distanceBetween(wanted, other)
    // A third of the letters may be wrong.
    if (distance > Math.floor(Math.max(wanted.length, other.length) / 3)) continue
    if (best === null || distance < best.distance) best = { name: candidate, distance }
  }
  return best?.name ?? null
}

/** `external_id` and `externalId` are the same word. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}

/**
 * Number of letters to add, drop, change, or swap with their neighbour (Damerau and Levenshtein's distance, each letter
 * touched once).
 */
export function distanceBetween(a: string, b: string): number {
  let older: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = a[i - 1] === b[j - 1] ? 0 : 1
      let cost = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + changed)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) cost = Math.min(cost, (older[j - 2] ?? 0) + 1)
      row.push(cost)
    }
    older = previous
    previous = row
  }
  return previous[b.length] ?? 0
}
