/** Column types of our own: instants as RFC 3339 text in UTC, bytes as Uint8Array. */
import { sql } from 'drizzle-orm'
import { customType } from 'drizzle-orm/pg-core'

/** A moment, kept by Postgres in milliseconds; in TypeScript always `2026-11-23T08:15:30.123Z`. */
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
 * Any JSON value, texts included. Drizzle's own `jsonb` parses a text that the driver has parsed already: `"42"` would come back
 * as a number.
 */
export const json = customType<{ data: unknown; driverData: unknown }>({
  dataType: () => 'jsonb',
  toDriver: (value) => JSON.stringify(value),
  fromDriver: (value) => value,
})

/** JSON kept as it was written: smaller than `jsonb` where nothing looks into it. */
const text = customType<{ data: unknown; driverData: unknown }>({
  dataType: () => 'json',
  toDriver: (value) => JSON.stringify(value),
  fromDriver: (value) => value,
})

export function jsonText<T>(name: string) {
  return text(name).$type<T>()
}

/** Default of a column that says when its row was written. */
export const databaseClock = sql`clock_timestamp()`
