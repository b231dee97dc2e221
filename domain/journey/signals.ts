/**
 * What the signals to workflows say. They are for the operator who reads a history; the database decides. Names, ids and codes
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
  /** Name of the trigger, where one changed something. */
  trigger?: string
  /** Id of the event that the trigger was taken as. */
  event?: string
}
