/** The types of the machine: the place of a run, the effect to perform, and its answer. */

/** A step id, or null for the end of the journey. */
export type Target = string | null

/** How a run can end. */
type EndState = 'completed' | 'exited' | 'cancelled' | 'failed'

/** How a run ended. `reason` is a code, never a text about a person. */
export type RunEnd = { state: EndState; reason: string }

/** Where a run is. Stored in the run's row as `position`, with what the position waits for (`position.ts`). */
export type Place = {
  step: string
  /** Counts the steps entered so far, from 1. Names this visit in paths, waits and deliveries. */
  visit: number
  /** Rounds begun, by the id of the `repeat` step. */
  loops: Readonly<Record<string, number>>
}

/** The outcome of a send. */
export type SendResult = 'handed-over' | 'blocked' | 'failed' | 'unknown' | 'expired' | 'cancelled'

/**
 * How a wait was settled; `matched` is the index of the event in the definition. `elapsed`: a wait for time alone.
 * `no-moment`: the `until` expression could not be evaluated.
 */
export type WaitResult = { matched: number } | 'elapsed' | 'no-moment' | 'timed-out' | 'untracked'

/** What the run does on entering a step. */
export type Effect =
  /** Decide, claim and hand over. `expiresMs`: how long the message is worth sending; null: no end of its own. */
  | { do: 'send'; expiresMs: number | null }
  /** Sleep. `ms` null: the step's `until` names the moment. */
  | { do: 'sleep'; ms: number | null }
  | { do: 'await'; timeoutMs: number }
  /** Whatever needs only the database: take a branch, set attributes. */
  | { do: 'perform' }
  | { do: 'end'; end: RunEnd }

/** The result of an effect. */
export type Answer =
  | { type: 'sent'; result: SendResult }
  | { type: 'waited'; result: WaitResult }
  /** `way`: index of the case or way taken; null for none, or for a step that has one way only. */
  | { type: 'performed'; way: number | null }

/** Where a run goes when it leaves a step. */
export type Leave = { to: Target } | { end: RunEnd }
