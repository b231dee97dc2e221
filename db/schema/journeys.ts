/** Journeys with their published versions; runs with their paths and waits. */
import { type InferSelectModel, sql } from 'drizzle-orm'
import { bigint, integer, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import type { JourneyDefinition } from '../../domain/journey/definition.ts'
import { runStates } from '../../domain/journey/runState.ts'
import { databaseClock, instant } from './columns.ts'

export const journeys = pgTable('journeys', {
  key: text('key').primaryKey(),
  draft: jsonb('draft').$type<JourneyDefinition>().notNull(),
  publishedVersion: integer('published_version'),
  /** Entry trigger of the published version; null: runs start over REST only. */
  entryTrigger: text('entry_trigger'),
  updatedAt: instant('updated_at').notNull().default(databaseClock),
})

export const journeyVersions = pgTable(
  'journey_versions',
  {
    key: text('key').notNull(),
    version: integer('version').notNull(),
    definition: jsonb('definition').$type<JourneyDefinition>().notNull(),
    exitTriggers: text('exit_triggers').array().notNull(),
    publishedAt: instant('published_at').notNull().default(databaseClock),
  },
  (t) => [primaryKey({ columns: [t.key, t.version] })],
)

/** Runs that have not ended. `runs` has no index on state or end, so that its rows can be updated in place. */
export const openRuns = pgTable('open_runs', {
  runId: uuid('run_id').primaryKey(),
  contactId: uuid('contact_id').notNull(),
  journey: text('journey').notNull(),
})

/** Runs whose state is `running`: at a send, or between two steps. */
export const busyRuns = pgTable('busy_runs', {
  runId: uuid('run_id').primaryKey(),
  /** When its position was last written. */
  since: instant('since').notNull().default(databaseClock),
})

export const runs = pgTable('runs', {
  id: uuid('id').primaryKey(),
  journey: text('journey').notNull(),
  version: integer('version').notNull(),
  contactId: uuid('contact_id').notNull(),
  state: text('state', { enum: runStates }).notNull(),
  entryEvent: uuid('entry_event'),
  /** Payload of the entry: `trigger` in conditions and templates. */
  payload: jsonb('payload').$type<Record<string, unknown>>().notNull(),
  /** `skipping`: the engine skips this run's waits (a rehearsal). Its messages and consents are real. */
  clock: text('clock', { enum: ['real', 'skipping'] })
    .notNull()
    .default('real'),
  entrySeq: bigint('entry_seq', { mode: 'number' }).notNull(),
  /** The contact's event sequence when the last step with an effect took effect. Later waits count events from here. */
  markSeq: bigint('mark_seq', { mode: 'number' }).notNull(),
  startedAt: instant('started_at').notNull(),
  endedAt: instant('ended_at'),
  endReason: text('end_reason'),
  /** The run's position (`domain/journey/position.ts`); null: it ended before its first step. */
  position: jsonb('position').$type<unknown>(),
  /** How often its workflow was restarted since the last progress. */
  recoveries: integer('recoveries').notNull().default(0),
  /** Why the run is parked until an operator retries it; null: it is not parked. */
  parked: text('parked'),
  /** When recovery checks the run again, and not earlier; null: recovery has no reason to check it. */
  recoverAfter: instant('recover_after'),
  /** When its path and waits were deleted (domain/retention.ts); null: they still exist. */
  pathDeletedAt: instant('path_deleted_at'),
  /** `usual` for all states of the usual course, else the state. A generated column, for lists: no index contains `state`. */
  course: text('course').notNull().generatedAlwaysAs(sql`derived`),
})

/** A run's row without generated columns. */
export type RunRow = Omit<InferSelectModel<typeof runs>, 'course'>

/** When a contact last entered a journey and when its last run there ended. For re-entry rules; outlives the runs. */
export const journeyEntries = pgTable(
  'journey_entries',
  {
    contactId: uuid('contact_id').notNull(),
    journey: text('journey').notNull(),
    lastEntered: instant('last_entered').notNull(),
    lastEnded: instant('last_ended'),
  },
  (t) => [primaryKey({ columns: [t.contactId, t.journey] })],
)

export const runPath = pgTable('run_path', {
  runId: uuid('run_id').notNull(),
  step: text('step').notNull(),
  visit: integer('visit').notNull(),
  at: instant('at').notNull(),
  outcome: text('outcome').notNull(),
  reason: text('reason'),
  delivery: uuid('delivery'),
  event: uuid('event'),
  /** Index of the case or awaited event that was taken. */
  way: integer('way'),
})

/** `no-moment`: the end of the wait could not be computed, so the wait was never open. */
export const waitStates = ['open', 'matched', 'timed-out', 'untracked', 'no-moment', 'closed'] as const

export const waits = pgTable('waits', {
  id: uuid('id').primaryKey(),
  runId: uuid('run_id').notNull(),
  contactId: uuid('contact_id').notNull(),
  step: text('step').notNull(),
  visit: integer('visit').notNull(),
  kind: text('kind', { enum: ['sleep', 'events'] }).notNull(),
  state: text('state', { enum: waitStates }).notNull(),
  sinceSeq: bigint('since_seq', { mode: 'number' }).notNull(),
  /** On the run's own clock. */
  deadline: instant('deadline').notNull(),
  openedAt: instant('opened_at').notNull(),
  settledAt: instant('settled_at'),
  eventId: uuid('event_id'),
  branch: integer('branch'),
  /** Names of the triggers that can settle it, without interactions; null in waits of earlier versions. */
  awaited: text('awaited').array(),
})
