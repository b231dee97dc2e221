/** API keys, and stored answers for repeated requests. */
import { boolean, integer, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { bytes, databaseClock, instant } from './columns.ts'

export const apiKeys = pgTable('api_keys', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  /** SHA-256 of the key. The key itself is shown once and never stored. */
  hash: bytes('hash').notNull(),
  scopes: text('scopes').array().notNull(),
  public: boolean('public').notNull().default(false),
  origins: text('origins').array().notNull().default([]),
  createdAt: instant('created_at').notNull().default(databaseClock),
  revokedAt: instant('revoked_at'),
})

export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    caller: text('caller').notNull(),
    key: text('key').notNull(),
    fingerprint: bytes('fingerprint').notNull(),
    status: integer('status'),
    response: jsonb('response').$type<unknown>(),
    createdAt: instant('created_at').notNull().default(databaseClock),
  },
  (t) => [primaryKey({ columns: [t.caller, t.key] })],
)
