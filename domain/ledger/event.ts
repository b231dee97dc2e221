/**
 * The ledger event, schema version 1. FINAL: chains in databases and backups consist of these bytes, so this shape is
 * never edited. A change is a new schema version beside it (docs/ledger.md).
 *
 * In memory every field is present, and null if it has no value. In the bytes a field without a value is left out:
 * `null` never occurs there, so an event has exactly one form. Nothing in clear identifies the person.
 */
import { z } from 'zod'
import { isMillisecondInstant } from '../consent/instant.ts'
import { everything } from '../consent/types.ts'

export const schemaVersion = 1

/** Where a consent came from. For `staff`, `via` says how they received it: branch, phone or letter. */
export const sourceKinds = [
  'form',
  'double-opt-in',
  'preference-center',
  'one-click',
  'reply',
  'sms-keyword',
  'api',
  'import',
  'crm',
  'complaint',
  'staff',
] as const

/** Recorded without its sealed part: the key of the contact point did not open. */
export const notSealed = 'not-sealed'

const orNull = <T extends z.ZodType>(shape: T) => shape.nullable().default(null)

/** Text in clear: no control characters (U+0000 among them, which Postgres cannot hold), no lone surrogates. */
const clearText = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'must hold no control characters')

const id = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'a UUID in lower case')
const eventId = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'a UUIDv7 in lower case')
/** Keys are ASCII, so two that look alike are alike. */
const key = z.string().regex(/^[\x21-\x7e]{1,128}$/, 'visible ASCII characters, at most 128')
const word = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'a word: lower-case letters, digits, ".", "_", "-"')
const moment = z
  .string()
  .refine(isMillisecondInstant, 'RFC 3339 in UTC with milliseconds, 2026-11-23T08:15:30.123Z')
const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/, 'base64url without padding')

/** Which wording the person saw. The wording itself is stored once, in clear, by its hash. */
const notice = z.strictObject({
  /** SHA-256 of the exact wording in UTF-8, lower-case hex. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  id: clearText(200),
  version: clearText(100),
  /** BCP 47. */
  language: clearText(35),
})

const source = z.strictObject({
  kind: z.enum(sourceKinds),
  /** How it reached that source: `branch`, `phone`, `letter` for staff; `expired`, `withdrawn` where a request ended. */
  via: orNull(word),
})

const related = z.strictObject({
  /** The double opt-in request this belongs to. */
  doubleOptIn: orNull(id),
  /** The message that led to it, by key, and its version. */
  message: orNull(key),
  messageVersion: orNull(z.int().positive()),
  delivery: orNull(id),
  /** The import, and its row there, counted from 1. */
  import: orNull(id),
  row: orNull(z.int().positive()),
  /** The event of the same chain that a retraction removes from the fold. */
  retracts: orNull(id),
  /** The event on another contact point's chain that this opt-out was copied from when an address changed. */
  copyOf: orNull(id),
})

/** Evidence under the contact point's key: AES-256 in GCM, base64url without padding (`seal.ts`). */
const sealed = z.strictObject({
  alg: z.literal('A256GCM'),
  /** Which key; the id is derived from the key itself. */
  key: base64url.length(16),
  /** 96 random bits. */
  iv: base64url.length(16),
  ciphertext: base64url,
  /** 128 bits. */
  tag: base64url.length(22),
})
export type SealedBox = z.output<typeof sealed>

export const LedgerEvent = z
  .strictObject({
    schemaVersion: z.literal(schemaVersion),
    /** UUIDv7. */
    id: eventId,
    contactPoint: id,
    /** Place in the contact point's chain, from 1 without gaps. */
    seq: z.int().positive(),
    kind: z.enum(['consent', 'pending', 'pending-ended', 'retraction', 'terms']),
    /** Purpose key; `*` for an opt-out of everything and its retraction; the key of the terms for kind `terms`. */
    purpose: key,
    topic: orNull(key),
    /** With kind `consent`, and with no other. */
    state: orNull(z.enum(['opted-in', 'opted-out'])),
    /** When it happened, according to the reporting system. */
    occurredAt: moment,
    /** When it was appended, by the database clock read under the contact point's lock. */
    recordedAt: moment,
    source,
    /** `consent`, `soft-opt-in`, `contract` … */
    lawfulBasis: orNull(word),
    notice: orNull(notice),
    /** The state of the control before the person touched it. */
    defaultState: orNull(z.enum(['ticked', 'unticked'])),
    formVersion: orNull(clearText(200)),
    /** Who is responsible for the processing. */
    controller: orNull(clearText(300)),
    jurisdiction: orNull(clearText(100)),
    /** How long the record is kept, in the controller's words or as an ISO 8601 duration. */
    retention: orNull(clearText(100)),
    /** When an opt-in expires. */
    expiresAt: orNull(moment),
    related,
    /** What an opt-out lacked: `no-circumstances`, `no-date`, `no-notice`, `not-sealed`. Sorted, each once. */
    flags: z.array(word),
    sealed: orNull(sealed),
  })
  .superRefine((event, context) => {
    const refuse = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message })
    if ((event.kind === 'consent') !== (event.state !== null))
      refuse('state', 'goes with kind "consent", and only with it')
    if (event.purpose === everything) {
      const optOut = event.kind === 'consent' && event.state === 'opted-out'
      if (!optOut && event.kind !== 'retraction')
        refuse('purpose', '"*" is only ever opted out, or retracted')
      if (event.topic !== null) refuse('topic', '"*" has no topics')
    }
    const ofRequest = event.kind === 'pending' || event.kind === 'pending-ended'
    if (ofRequest && event.related.doubleOptIn === null)
      refuse('related', `kind "${event.kind}" needs doubleOptIn`)
    if ((event.kind === 'retraction') !== (event.related.retracts !== null)) {
      refuse('related', 'retracts goes with kind "retraction", and only with it')
    }
    if (event.kind === 'terms' && event.notice === null) refuse('notice', 'terms are accepted in a wording')
    const sorted = event.flags.every((flag, place) => place === 0 || (event.flags[place - 1] ?? '') < flag)
    if (!sorted) refuse('flags', 'sorted, each once')
  })

/** An event as the code handles it: every field present, null if it has no value. */
export type LedgerEvent = z.output<typeof LedgerEvent>
