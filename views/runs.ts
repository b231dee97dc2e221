/** Runs with their path, as the API shows them. */
import { and, asc, desc, eq, inArray, isNotNull, isNull, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { Db } from '../db/connect.ts'
import { contactIdOf } from '../db/reads/contactPoint.ts'
import { contacts } from '../db/schema/contacts.ts'
import { deliveries } from '../db/schema/deliveries.ts'
import { busyRuns, openRuns, runPath, runs, waits } from '../db/schema/journeys.ts'
import { readPosition, stepOfPosition } from '../domain/journey/position.ts'
import type { RunState } from '../domain/journey/runState.ts'
import { notFound } from '../domain/refusal.ts'
import { journeyWorkflowId } from '../domain/workflowIds.ts'
import { type Page, pageOf } from './page.ts'
import { among, type Found, newestFirst, newestOf, type Period, shortened, type Walk, whole } from './walk.ts'

export type RunView = {
  id: string
  journey: string
  version: number
  contact: { id: string; externalId: string | null }
  state: RunState
  endReason: string | null
  /** Why it waits for an operator; null if it does not. */
  parked: string | null
  startedAt: string
  endedAt: string | null
}

export type RunDetail = RunView & {
  /** When its path was deleted because its retention was over; null if the path is still stored. */
  pathDeletedAt: string | null
  /** Of its workflow in Temporal. */
  workflowId: string
  /** Null if it waits for nothing: it is under way, or has ended. `until` null: it waits only for a signal. */
  waitingFor: {
    step: string
    until: string | null
    why: 'wait' | 'event' | 'held' | 'paused' | 'parked'
  } | null
  path: {
    step: string
    visit: number
    at: string
    outcome: string
    reason: string | null
    delivery: string | null
    event: string | null
  }[]
}

const columns = {
  id: runs.id,
  journey: runs.journey,
  version: runs.version,
  contact: { id: contacts.id, externalId: contacts.externalId },
  state: runs.state,
  endReason: runs.endReason,
  parked: sql<string | null>`case when ${runs.endedAt} is null then ${runs.parked} end`,
  startedAt: runs.startedAt,
  endedAt: runs.endedAt,
}

/** @throws Refusal not-found */
export async function getRun(db: Db, id: string): Promise<RunDetail> {
  const [row] = await db
    .select({ ...columns, position: runs.position, pathDeletedAt: runs.pathDeletedAt })
    .from(runs)
    .innerJoin(contacts, eq(contacts.id, runs.contactId))
    .where(eq(runs.id, id))
  if (row === undefined) throw notFound('run', id)
  const { position, ...run } = row
  const waitingFor = run.endedAt === null ? await waitingForOf(db, run, position) : null
  const workflowId = journeyWorkflowId(run.journey, run.id)
  return { ...run, workflowId, waitingFor, path: await pathOf(db, id) }
}

/** The outcome of a send is read from its delivery. */
function pathOf(db: Db, id: string): Promise<RunDetail['path']> {
  return db
    .select({
      step: runPath.step,
      visit: runPath.visit,
      at: runPath.at,
      outcome: sql<string>`coalesce(${deliveries.state}, ${runPath.outcome})`,
      reason: sql<string | null>`coalesce(${deliveries.reason}, ${runPath.reason})`,
      delivery: runPath.delivery,
      event: runPath.event,
    })
    .from(runPath)
    .leftJoin(deliveries, eq(deliveries.id, runPath.delivery))
    .where(eq(runPath.runId, id))
    .orderBy(asc(runPath.visit))
}

async function waitingForOf(db: Db, run: RunView, position: unknown): Promise<RunDetail['waitingFor']> {
  if (run.parked !== null) {
    // Perhaps because this version of Assent cannot read the position.
    const step = stepOfPosition(position)
    return step === null ? null : { step, until: null, why: 'parked' }
  }
  const { step, delivery } = readPosition(position)
  if (run.state === 'paused') return { step, until: null, why: 'paused' }
  const [wait] = await db
    .select({ kind: waits.kind, until: waits.deadline })
    .from(waits)
    .where(and(eq(waits.runId, run.id), eq(waits.state, 'open')))
  if (wait !== undefined) return { step, until: wait.until, why: wait.kind === 'sleep' ? 'wait' : 'event' }
  if (delivery === undefined) return null
  const [held] = await db
    .select({ until: deliveries.heldUntil })
    .from(deliveries)
    .where(
      and(
        eq(deliveries.id, delivery),
        inArray(deliveries.state, ['held', 'handed-over']),
        isNotNull(deliveries.heldUntil),
      ),
    )
  return held === undefined ? null : { step, until: held.until, why: 'held' }
}

export type RunFilter = Period & {
  journey?: string | undefined
  /** External id. */
  contact?: string | undefined
  state?: RunState | undefined
  /** Only those that wait for an operator. */
  parked?: boolean | undefined
  limit: number
  after?: string | undefined
}

/** Newest first. */
export async function listRuns(db: Db, filter: RunFilter): Promise<Page<RunView>> {
  const contact = filter.contact === undefined ? undefined : await contactIdOf(db, filter.contact)
  if (contact === null) return { items: [], next: null }
  const found = pageOfIds(filter, contact)
  const rows = await db
    .select(columns)
    .from(runs)
    .innerJoin(contacts, eq(contacts.id, runs.contactId))
    .where(inArray(runs.id, sql`(${found.page})`))
    .orderBy(desc(runs.id))
    .limit(filter.limit + 1)
  return shortened(
    db,
    pageOf(
      rows,
      filter.limit,
      (row) => row,
      (row) => row.id,
    ),
    found,
  )
}

/**
 * The ids of one page. A contact has few runs. Without a given journey, runs off the usual course are read journey by
 * journey, since their index begins with the journey.
 */
function pageOfIds(filter: RunFilter, contact: string | undefined): Found {
  const { journey, state, limit } = filter
  const page = { ...filter, id: runs.id }
  if (filter.parked === true) {
    // These are few rows, so the other filters are checked on each.
    const where = [
      sql`${runs.parked} is not null`,
      isNull(runs.endedAt),
      contact === undefined ? undefined : eq(runs.contactId, contact),
      journey === undefined ? undefined : eq(runs.journey, journey),
      state === undefined ? undefined : eq(runs.state, state),
    ]
    return whole(newestFirst(runs, { ...page, along: [], where }))
  }
  if (contact !== undefined) {
    const where = [
      eq(runs.contactId, contact),
      journey === undefined ? undefined : eq(runs.journey, journey),
      state === undefined ? undefined : eq(runs.state, state),
    ]
    return whole(newestFirst(runs, { ...page, along: [], where }))
  }
  const along: Walk['along'] = journey === undefined ? [] : [[runs.journey, journey]]
  switch (state) {
    case undefined:
      return whole(newestFirst(runs, { ...page, along }))
    case 'running': {
      const where = [ofRun(busyRuns.runId, state, journey)]
      return whole(newestFirst(busyRuns, { ...page, id: busyRuns.runId, along: [], where }))
    }
    case 'waiting': {
      const id = openRuns.runId
      const walk = { ...page, id, along: journey === undefined ? [] : [[openRuns.journey, journey] as const] }
      return among(openRuns, walk, ofRun(id, state, undefined))
    }
    case 'completed':
    case 'exited':
      return among(runs, { ...page, along }, eq(runs.state, state))
    case 'paused':
    case 'cancelled':
    case 'failed': {
      // The predicate is literal text, so that the partial index can be used by every plan.
      const where = [sql`${runs.course} <> 'usual'`]
      const ofJourney = (one: unknown) =>
        newestFirst(runs, {
          ...page,
          along: [
            [runs.journey, one],
            [runs.course, state],
          ],
          where,
        })
      if (journey !== undefined) return whole(ofJourney(journey))
      return whole(newestOf({ one: sql`journeys`, walk: ofJourney(sql`journeys.key`) }, limit))
    }
    default:
      return state satisfies never
  }
}

/**
 * The run of a row of `open_runs` or `busy_runs` is in this state, and of this journey. A scalar, which is asked of one
 * row at a time.
 */
function ofRun(id: PgColumn, state: RunState, journey: string | undefined): SQL {
  const ofJourney = journey === undefined ? undefined : eq(runs.journey, journey)
  return sql`(select true from ${runs} where ${and(eq(runs.id, id), eq(runs.state, state), ofJourney)})`
}
