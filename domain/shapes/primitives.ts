/** The small shapes all others are made of. */
import { z } from 'zod'
import type { RefusalCode } from '../refusal.ts'

/** Key of anything that callers put by key: profile, purpose, topic, message, journey. */
export const keyShape = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9])?$/,
    'Must be a key: lower-case letters, digits, ".", "_" and "-", at most 100 characters.',
  )
  .meta({
    description: 'Key: lower-case letters, digits, ".", "_", "-"; at most 100 characters',
    example: 'newsletter',
  })

/** Name of a trigger: `entity.verb`. */
export const triggerNameShape = z
  .string()
  .regex(
    /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+$/,
    'Must be a trigger name such as "cart.abandoned": lower-case words, joined by "-", parted by ".".',
  )
  .max(100)
  .meta({ description: 'Trigger name, entity.verb', example: 'cart.abandoned' })

/** A moment: RFC 3339 with any offset; normalised to UTC with milliseconds. */
export const instantShape = z.iso
  .datetime({ offset: true, message: 'Must be an RFC 3339 time with offset, such as 2026-11-23T08:15:30Z.' })
  .transform((text) => new Date(text).toISOString())
  // An offset can move a moment out of the four-digit years that Postgres, JSON and the ledger share.
  .refine((text) => /^(?!0000)\d{4}-/.test(text), 'Must be a time in the years 0001 to 9999.')
  .meta({ description: 'Time, RFC 3339; answers are in UTC', example: '2026-11-23T08:15:30.000Z' })

export const idShape = z.uuid({ message: 'Must be a UUID.' }).meta({ description: 'UUIDv7' })

export const localeShape = z
  .string()
  .refine((text) => {
    try {
      return Intl.getCanonicalLocales(text).length === 1
    } catch {
      return false
    }
  }, wrongFormat('Must be a BCP 47 language tag, such as "en" or "de-AT".'))
  .meta({ description: 'BCP 47 language tag', example: 'en' })

export const timeZoneShape = z
  .string()
  .refine((zone) => {
    try {
      return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone.length > 0
    } catch {
      return false
    }
  }, wrongFormat('Must be an IANA time zone, such as "Europe/Vienna".'))
  .meta({ description: 'IANA time zone', example: 'Europe/Vienna' })

/** A shape's own rule and its error code, for `refine` and `addIssue`. */
export function coded(
  code: RefusalCode,
  message: string,
): { message: string; params: { code: RefusalCode } } {
  return { message, params: { code } }
}

function wrongFormat(message: string): { message: string; params: { code: RefusalCode } } {
  return coded('wrong-format', message)
}

export const notStorable = 'The text must not contain U+0000 or lone surrogates.'

/** Postgres' text cannot hold U+0000, and a lone surrogate has no UTF-8: neither is accepted anywhere. */
export function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed()
}

/** Storable text of at most `max` characters. */
export function textShape(max: number): z.ZodString {
  return z.string().min(1).max(max).refine(isStorable, coded('cannot-be-stored', notStorable))
}

/** Text on one line: without control characters, as the ledger's clear fields and mail headers require. */
export function lineShape(max: number): z.ZodString {
  return textShape(max).refine(
    (text) => !/\p{Cc}/u.test(text),
    coded('cannot-be-stored', 'Must be one line without control characters.'),
  )
}

const jsonShape = z.json()
// Registered, since `meta` returns a copy and the shape refers to itself.
z.globalRegistry.add(jsonShape, { id: 'JsonValue', description: 'Any JSON value' })

/** A JSON object of free content; bounded by the body limit, storable throughout. */
export const payloadShape = z
  .record(z.string(), jsonShape)
  .refine(
    (value) => isStorableJson(value, 0),
    coded('cannot-be-stored', `${notStorable} It must not be nested deeper than 50 levels.`),
  )
  .meta({ description: 'Free JSON object' })

function isStorableJson(value: unknown, depth: number): boolean {
  if (depth > 50) return false
  if (typeof value === 'string') return isStorable(value)
  if (Array.isArray(value)) return value.every((item) => isStorableJson(item, depth + 1))
  if (value !== null && typeof value === 'object') {
    return Object.entries(value).every(([key, item]) => isStorable(key) && isStorableJson(item, depth + 1))
  }
  return true
}

/** One address on one channel. */
export const contactPointShape = z
  .strictObject({
    channel: keyShape.meta({ description: 'Channel: `email`, `sms` or a custom one', example: 'email' }),
    address: textShape(320).meta({
      description: 'E-mail address, E.164 number, or a custom address',
      example: 'shopper@example.com',
    }),
  })
  .meta({ description: 'One address on one channel' })

/** How a caller names a contact: by exactly one of these. */
export const contactReferenceShape = z
  .strictObject({
    externalId: textShape(200).optional(),
    email: textShape(320).optional(),
    phone: textShape(40).optional(),
  })
  .refine(
    (reference) => Object.values(reference).filter((value) => value !== undefined).length === 1,
    coded('one-of-these', 'Name the contact by exactly one of externalId, email and phone.'),
  )
  .meta({ description: 'The contact, by external id, e-mail address or phone number' })
export type ContactReference = z.infer<typeof contactReferenceShape>
