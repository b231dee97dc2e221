/** Column types of our own: instants as RFC 3339 text in UTC, bytes as Uint8Array. */
import { sql } from 'drizzle-orm'
import { customType } from 'drizzle-orm/pg-core'

/** A moment with millisecond precision; in TypeScript always in the form `2026-11-23T08:15:30.123Z`. */
export const instant = customType<{ data: string; driverData: string | Date }>({
  dataType: () => 'timestamptz(3)',
  fromDriver: (value) => new Date(value).toISOString(),
})

/** Raw bytes: hashes, wrapped keys, the hashed form of a ledger event. */
export const bytes = customType<{ data: Uint8Array; driverData: Buffer }>({
  dataType: () => 'bytea',
  toDriver: (value) => Buffer.from(value),
  fromDriver: (value) => new Uint8Array(value),
})

/**
 * Any JSON value, including strings. Drizzle's own `jsonb` parses a string that the driver has already parsed: `"42"` would become a
 * number.
 */
export const json = customType<{ data: unknown; driverData: unknown }>({
  dataType: () => 'jsonb',
  toDriver: (value) => JSON.stringify(value),
  fromDriver: (value) => value,
})

/** JSON stored as text: smaller than `jsonb` if no query reads inside it. */
const text = customType<{ data: unknown; driverData: unknown }>({
  dataType: () => 'json',
  toDriver: (value) => JSON.stringify(value),
  fromDriver: (value) => value,
})

export function jsonText<T>(name: string) {
  return text(name).$type<T>()
}

/** Default of a column with the time at which its row was written. */
export const databaseClock = sql`clock_timestamp()`
