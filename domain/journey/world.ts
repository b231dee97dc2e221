/** The facts that the checker needs from outside a journey. */

/** Where a condition is used. That decides which names it may use, and its type: a timestamp for `until`, else a bool. */
export type ConditionScope = 'entry' | 'exit' | 'wait' | 'branch' | 'until'

/** The facts that the checker needs about a message's newest version. */
export type MessageFacts = {
  channel: string
  /** Key of its profile. */
  profile: string
  purpose: string
  purposeKind: 'commercial' | 'transactional' | 'tracking'
  topic: string | null
  /** Of the purpose, on the message's channel. */
  enforcement: 'restrictive' | 'non-restrictive'
  /** Whether its content links a preference centre or an unsubscribe page. */
  linksPreferences: boolean
  /** The names it gives its links by `data-link`; null where a template makes them up. */
  linkNames: readonly string[] | null
  /** Variables of its templates that the journey's entry trigger does not bring; each in a sentence. */
  unknownVariables?: readonly string[]
  /** False where the message says `tracking: false`. */
  tracking: boolean
  /** Whether there is any way to opt in to its purpose and topic. */
  pathToConsent: boolean
}

export type World = {
  /** The message's facts; null if there is none with this key. */
  message(key: string): MessageFacts | null
  /** Whether a trigger of this name is known. */
  trigger(name: string): boolean
  /** Whether there is a compliance profile with this key. */
  profile(key: string): boolean
  /** The problem of a condition; null if there is none. */
  condition(text: string, scope: ConditionScope): string | null
}
