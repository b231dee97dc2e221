/** Runs with their path, as the API shows them. */
import { and, asc, desc, eq, inArray, type SQL, sql } from 'drizzle-orm'
import { notFound } from '../../domain/refusal.ts'
import { journeyWorkflowId } from '../../domain/workflowIds.ts'
import type { Db } from '../connect.ts'
import { contacts } from '../schema/contacts.ts'
import { type RunState, runPath, runs, waits } from '../schema/journeys.ts'
import { contactIdOf } from './contactPoint.ts'
import { type Page, pageOf } from './page.ts'
import { newestFirst, newestOf, type Period, type Walk } from './walk.ts'

export type RunView = {
  id: string
  journey: string
  version: number
  contact: { id: string; externalId: string | null }
  state: RunState
  endReason: string | null
  startedAt: string
  endedAt: string | null
}

export type RunDetail = RunView & {
  /** Of its workflow in Temporal. */
  workflowId: string
  waitingFor: { step: string; kind: 'sleep' | 'events'; until: string } | null
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
  startedAt: runs.startedAt,
  endedAt: runs.endedAt,
}

/** @throws Refusal not-found */
export async function getRun(db: Db, id: string): Promise<RunDetail> {
  const [run] = await db
    .select(columns)
    .from(runs)
    .innerJoin(contacts, eq(contacts.id, runs.contactId))
    .where(eq(runs.id, id))
  if (run === undefined) throw notFound('run', id)
  const [wait] = await db
    .select({ step: waits.step, kind: waits.kind, until: waits.deadline })
    .from(waits)
    .where(and(eq(waits.runId, id), eq(waits.state, 'open')))
  const path = await db
    .select({
      step: runPath.step,
      visit: runPath.visit,
      at: runPath.at,
      outcome: runPath.outcome,
      reason: runPath.reason,
      delivery: runPath.delivery,
      event: runPath.event,
    })
    .from(runPath)
    .where(eq(runPath.runId, id))
    .orderBy(asc(runPath.id))
  return { ...run, workflowId: journeyWorkflowId(run.journey, run.id), waitingFor: wait ?? null, path }
}

export type RunFilter = Period & {
  journey?: string | undefined
  /** External id. */
  contact?: string | undefined
  state?: RunState | undefined
  limit: number
  after?: string | undefined
}

/** Newest first. */
export async function listRuns(db: Db, filter: RunFilter): Promise<Page<RunView>> {
  const contact = filter.contact === undefined ? undefined : await contactIdOf(db, filter.contact)
  if (contact === null) return { items: [], next: null }
  const rows = await db
    .select(columns)
    .from(runs)
    .innerJoin(contacts, eq(contacts.id, runs.contactId))
    .where(inArray(runs.id, sql`(${pageOfIds(filter, contact)})`))
    .orderBy(desc(runs.id))
    .limit(filter.limit + 1)
  return pageOf(
    rows,
    filter.limit,
    (row) => row,
    (row) => row.id,
  )
}

/**
 * The ids of one page. A contact has few runs. All runs in one state are found journey by journey, since the indexes by state
 * begin with the journey.
 */
function pageOfIds(filter: RunFilter, contact: string | undefined): SQL {
  const { journey, state, limit } = filter
  const page = { ...filter, id: runs.id }
  if (contact !== undefined) {
    const where = [
      eq(runs.contactId, contact),
      journey === undefined ? undefined : eq(runs.journey, journey),
      state === undefined ? undefined : eq(runs.state, state),
    ]
    return newestFirst(runs, { ...page, along: [], where })
  }
  if (state === undefined) {
    return newestFirst(runs, { ...page, along: journey === undefined ? [] : [[runs.journey, journey]] })
  }
  if (journey !== undefined) return inState(state, page, journey)
  return newestOf({ one: sql`journeys`, walk: inState(state, page, sql`journeys.key`) }, limit)
}

/** Along the index of this state; its predicate stands in the statement as text, so that it serves however it is planned. */
function inState(state: RunState, page: Omit<Walk, 'along'> & Period, journey: unknown): SQL {
  switch (state) {
    case 'running':
    case 'waiting':
    case 'paused': {
      const where = [sql`${runs.state} = ${sql.raw(`'${state}'`)}`]
      return newestFirst(runs, { ...page, along: [[runs.journey, journey]], where })
    }
    case 'completed':
    case 'exited':
    case 'cancelled':
    case 'failed': {
      const along = [
        [runs.journey, journey],
        [runs.state, state],
      ] as const
      const where = [sql`${runs.state} in ('completed', 'exited', 'cancelled', 'failed')`]
      return newestFirst(runs, { ...page, along, where })
    }
    default:
      return state satisfies never
  }
}
