/** Journeys with their published versions; runs, their path and their waits. */
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

/** Runs that have not ended. `runs` has no index by state or end, so that its rows are updated in place. */
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
  /** `skipping`: the engine skips this run's waits (rehearsals); its messages and consents are as real as any. */
  clock: text('clock', { enum: ['real', 'skipping'] })
    .notNull()
    .default('real'),
  entrySeq: bigint('entry_seq', { mode: 'number' }).notNull(),
  /** Sequence of the contact's events when the last step with an effect took it; a later wait counts from here. */
  markSeq: bigint('mark_seq', { mode: 'number' }).notNull(),
  startedAt: instant('started_at').notNull(),
  endedAt: instant('ended_at'),
  endReason: text('end_reason'),
  /** Where the run is, as `domain/journey/position.ts` reads it; null: it ended before its first step. */
  position: jsonb('position').$type<unknown>(),
  /** How often its workflow was started again without any progress since. */
  recoveries: integer('recoveries').notNull().default(0),
  /** Why it is not driven any more until an operator retries it; null: it is driven. */
  parked: text('parked'),
  /** Recovery leaves it alone until then, and looks at it again from then on; null: it has no reason to. */
  recoverAfter: instant('recover_after'),
  /** When its path and waits were deleted (domain/retention.ts); null: they are there. */
  pathDeletedAt: instant('path_deleted_at'),
  /** The state, and `usual` for all states of the usual way; the database derives it. For lists: `state` stands in no index. */
  course: text('course').notNull().generatedAlwaysAs(sql`derived`),
})

/** A run's row, without what the database derives. */
export type RunRow = Omit<InferSelectModel<typeof runs>, 'course'>

/** When a contact last entered a journey, and when a run of it there last ended: for re-entry rules, kept beyond the runs. */
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
  /** Index of the case, or of the awaited event, that was taken. */
  way: integer('way'),
})

/** `no-moment`: what it was to wait until could not be evaluated, so it was never open. */
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
  /** Names of the triggers that can settle it, interactions not counted; null in waits of former versions. */
  awaited: text('awaited').array(),
})
