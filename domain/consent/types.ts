/**
 * The words of the consent rules as types. Everything here is plain JSON, holds ids and keys only (never an
 * address or a name), and may be stored in a table row or in a workflow history.
 */

/** Why a message is sent: `commercial` needs consent, `transactional` never does, `tracking` records opens and clicks. */
export type PurposeKind = 'commercial' | 'transactional' | 'tracking'

/** `restrictive` needs a valid opt-in; `non-restrictive` permits until an opt-out. */
export type Enforcement = 'restrictive' | 'non-restrictive'

/** Consent state of a contact point for a purpose or topic. `none`: no event that still counts. */
export type ConsentState = 'opted-in' | 'opted-out' | 'none'

/** The purpose key that means every purpose of the contact point. It is only ever opted out, or retracted. */
export const everything = '*'

/** What a ledger event does: state a consent, start or end a double opt-in, take an event back, accept terms. */
type FoldEventKind = 'consent' | 'pending' | 'pending-ended' | 'retraction' | 'terms'

/** One ledger event as the fold reads it: a projection of the stored event. */
export type FoldEvent = {
  id: string
  /** Place in the contact point's chain, from 1. */
  seq: number
  kind: FoldEventKind
  /** Purpose key, or `*` (with `opted-out` and retractions only). */
  purpose: string
  topic: string | null
  /** Set for kind `consent`, null otherwise. */
  state: 'opted-in' | 'opted-out' | null
  /** RFC 3339; any precision up to microseconds, compared as an instant. */
  occurredAt: string
  /** RFC 3339; any precision up to microseconds, compared as an instant. */
  recordedAt: string
  /** When an opt-in expires. Ignored for other events: an opt-out never expires. */
  expiresAt: string | null
  /** The double opt-in request the event belongs to. */
  doubleOptIn: string | null
  /** The event that a retraction removes. */
  retracts: string | null
}

/** The opt-in or opt-out that is newest by the order of the fold. `at` is its effective time. */
type NewestEvent = {
  state: 'opted-in' | 'opted-out'
  /** The lesser of `occurredAt` and `recordedAt`, in UTC, in the canonical form of `instant.ts`. */
  at: string
  seq: number
  event: string
  /** Canonical instant; always null for an opt-out. */
  expiresAt: string | null
}

export type NewestOptOut = { at: string; seq: number; event: string }

/** A double opt-in that was asked for and neither confirmed, ended, nor overtaken by any opt-out that concerns it. */
type PendingRequest = { doubleOptIn: string; event: string; since: string }

/** The events of one purpose, topic or `*` alone, folded; `pending` lists the requests that are still open. */
export type Entry = {
  purpose: string
  topic: string | null
  newest: NewestEvent | null
  newestOptOut: NewestOptOut | null
  pending: PendingRequest[]
}

/** What the ledger of one contact point folds to. Entries are sorted by purpose, then topic (none first). */
export type Standings = { entries: Entry[] }

/** Which past to look at; both bounds are inclusive. */
export type View = {
  /** Only what had happened by then (by effective time). */
  asOf?: string | undefined
  /** Only what was recorded by then. */
  knownAt?: string | undefined
}

/** The consent state of one purpose or topic, from its own entry, its purpose's and that of `*`. */
export type Standing = {
  state: ConsentState
  /** Which event gave the state: its own, its purpose's, or one of `*`. Null with `none`. */
  by: 'own' | 'purpose' | 'everything' | null
  /** Effective time of the event that gave the state. Null with `none`. */
  since: string | null
  /**
   * Ids of the ledger events that the state rests on; the first one gave it. With `none`: a voided opt-in followed by
   * the opt-out that voided it, then the requests that are pending; else empty.
   */
  events: string[]
  /** When the valid opt-in expires. `decide` compares it with `now`; the state stays `opted-in`. */
  expiresAt: string | null
  /** A double opt-in is waiting for its confirmation. Never changes the state. */
  pending: boolean
}

export type SuppressionKind = 'hard-bounced' | 'invalid' | 'complained' | 'erased'

/** Everything a decision depends on; stored with it, so that recomputing gives the same verdict for ever. */
export type DecisionInput = {
  policyVersion: 1
  /** RFC 3339. */
  now: string
  channel: { key: string; known: boolean }
  contactPoint: {
    /** Null: unknown. */
    id: string | null
    /** Head of the chain the decision read; 0 for an empty chain. */
    seq: number
  }
  purpose:
    | { key: string; known: false }
    | {
        key: string
        known: true
        version: number
        profile: string
        kind: PurposeKind
        /** Resolved for the channel. */
        enforcement: Enforcement
      }
  /** Null: the message names no topic. */
  topic: null | { key: string; known: boolean }
  /** `topic` is null exactly if the message names none. */
  standing: { purpose: Standing; topic: Standing | null }
  suppressions: { id: string; kind: SuppressionKind }[]
  tracking: {
    /** False if the message says `tracking: false`. */
    messageAllows: boolean
    /** Version of the profile that named the tracking purpose and the default. Null: no profile. */
    profileVersion: number | null
    purpose: null | { key: string; known: boolean; enforcement: Enforcement; kind: PurposeKind }
    default: 'track' | 'do-not-track'
    /** The consent state of the tracking purpose. */
    standing: Standing
  }
}

/** Why a message may or may not leave; `reasons.ts` explains each in a sentence. */
export const decisionReasonKeys = [
  'unknown-purpose',
  'unknown-topic',
  'unknown-channel',
  'unknown-contact-point',
  'suppressed-hard-bounced',
  'suppressed-invalid',
  'transactional',
  'suppressed-complaint',
  'suppressed-erased',
  'topic-opted-out',
  'opted-out',
  'pending-confirmation',
  'consent-expired',
  'no-topic-consent',
  'no-consent',
  'opted-in',
  'not-opted-out',
] as const
export type DecisionReason = (typeof decisionReasonKeys)[number]

/** Why a message may or may not be tracked; `reasons.ts` explains each in a sentence. */
export const trackingReasonKeys = [
  'blocked-as-unknown',
  'message-not-tracked',
  'suppressed-address',
  'no-tracking-purpose',
  'unknown-tracking-purpose',
  'not-a-tracking-purpose',
  'tracking-opted-out',
  'tracking-pending-confirmation',
  'tracking-consent-expired',
  'no-tracking-consent',
  'tracking-opted-in',
  'tracked-by-default',
  'not-tracked-by-default',
] as const
export type TrackingReason = (typeof trackingReasonKeys)[number]

/** The verdict on one intended message. */
export type Decision = {
  verdict: 'allow' | 'block'
  reason: DecisionReason
  tracking: { allowed: boolean; reason: TrackingReason }
  /** Ids of the ledger events that verdict and tracking rest on, each once. Suppressions are in the input. */
  basis: string[]
  policyVersion: 1
}
