/**
 * What the signals to workflows say. They are for the operator who reads a history; the database decides. Names, ids and codes
 * only: Temporal stores them in plain text.
 */

/** `changed`: written by a version that did not say why. */
export const nudgeReasons = [
  'trigger',
  'exit',
  'cancelled',
  'confirmed',
  'expired',
  'withdrawn',
  'asked-again',
  'changed',
] as const

/** Something about the run or the request changed in the database: a reason to ask again. */
export type Nudge = {
  why: (typeof nudgeReasons)[number]
  /** Name of the trigger, where one changed something. */
  trigger?: string
  /** Id of the event that the trigger was taken as. */
  event?: string
}

/** What a workflow sends: the message of one visit of a step, or one mail of a double opt-in. */
export type Sending = { step: string; visit: number } | { mail: number }

/** The message could not leave and is tried again; `reason` is a code, with the numbers of the server's answer where there is one. */
export type Held = { sending: Sending; reason: string }

export function sameSending(a: Sending, b: Sending): boolean {
  if ('mail' in a) return 'mail' in b && a.mail === b.mail
  return 'step' in b && a.step === b.step && a.visit === b.visit
}
