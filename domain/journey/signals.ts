/**
 * The content of signals to workflows. It is for operators who read a history; the database decides. Names, ids and codes
 * only: Temporal stores them in plain text.
 */

export const nudgeReasons = [
  'trigger',
  'exit',
  'cancelled',
  'resumed',
  'moved',
  'released',
  'recovered',
  'confirmed',
  'expired',
  'withdrawn',
  'asked-again',
] as const

/** Something about the run or the request changed in the database: a reason to ask again. */
export type Nudge = {
  why: (typeof nudgeReasons)[number]
  /** Name of the trigger that changed something, if one did. */
  trigger?: string
  /** Id of the trigger's event. */
  event?: string
}
