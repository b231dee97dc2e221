/** Verdicts on conditions that decide where a run goes, with the reasons that its path shows. */

/**
 * `unknown`: why the condition could not be evaluated; it quotes only the condition's text, never the data. Such a
 * condition does not hold.
 */
export type Judged = { holds: boolean; unknown: string | null }

/** Characters of a reason in a run's path. */
export const longestReason = 500

/**
 * Collects why conditions could not be evaluated, each with its place in the journey: `case 2: "value" (at character 9)
 * is missing`. Stops at the longest reason of a path.
 */
export class Unknowns {
  #reason: string | null = null

  /** Null: every condition so far could be evaluated. */
  get reason(): string | null {
    return this.#reason
  }

  /** @param place where the condition is, as `case 2` @returns whether the condition holds */
  note(place: string, { holds, unknown }: Judged): boolean {
    if (unknown !== null && (this.#reason?.length ?? 0) < longestReason) {
      const one = `${place}: ${unknown}`
      this.#reason = (this.#reason === null ? one : `${this.#reason}; ${one}`).slice(0, longestReason)
    }
    return holds
  }
}
