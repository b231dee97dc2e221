/** Profiles, purposes with their topics, messages and trigger definitions; each change leaves an immutable version. */
import { boolean, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { databaseClock, instant } from './columns.ts'

const versionColumns = {
  key: text('key').notNull(),
  version: integer('version').notNull(),
  definition: jsonb('definition').notNull(),
  recordedAt: instant('recorded_at').notNull().default(databaseClock),
}

export const profiles = pgTable('profiles', {
  key: text('key').primaryKey(),
  version: integer('version').notNull(),
  definition: jsonb('definition').notNull(),
  updatedAt: instant('updated_at').notNull().default(databaseClock),
})
export const profileVersions = pgTable('profile_versions', versionColumns, (t) => [
  primaryKey({ columns: [t.key, t.version] }),
])

export const purposes = pgTable('purposes', {
  key: text('key').primaryKey(),
  version: integer('version').notNull(),
  profile: text('profile').notNull(),
  kind: text('kind', { enum: ['commercial', 'transactional', 'tracking'] }).notNull(),
  definition: jsonb('definition').notNull(),
  updatedAt: instant('updated_at').notNull().default(databaseClock),
})
export const purposeVersions = pgTable('purpose_versions', versionColumns, (t) => [
  primaryKey({ columns: [t.key, t.version] }),
])
/** The topics of a purpose's current version. */
export const topics = pgTable(
  'topics',
  {
    purpose: text('purpose').notNull(),
    key: text('key').notNull(),
    name: text('name').notNull(),
    description: text('description').notNull(),
    position: integer('position').notNull(),
  },
  (t) => [primaryKey({ columns: [t.purpose, t.key] })],
)

export const messages = pgTable('messages', {
  key: text('key').primaryKey(),
  version: integer('version').notNull(),
  profile: text('profile').notNull(),
  purpose: text('purpose').notNull(),
  definition: jsonb('definition').notNull(),
  updatedAt: instant('updated_at').notNull().default(databaseClock),
})
export const messageVersions = pgTable('message_versions', versionColumns, (t) => [
  primaryKey({ columns: [t.key, t.version] }),
])

export const triggerDefinitions = pgTable('trigger_definitions', {
  name: text('name').primaryKey(),
  definition: jsonb('definition').notNull(),
  /** Part of the catalogue of every installation; cannot be deleted. */
  builtIn: boolean('built_in').notNull().default(false),
  updatedAt: instant('updated_at').notNull().default(databaseClock),
})
