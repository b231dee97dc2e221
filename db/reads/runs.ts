/** Runs with their path, as the API shows them. */
import { and, asc, desc, eq, lt } from 'drizzle-orm'
import { notFound } from '../../domain/refusal.ts'
import { journeyWorkflowId } from '../../domain/workflowIds.ts'
import type { Db } from '../connect.ts'
import { contacts } from '../schema/contacts.ts'
import { type RunState, runPath, runs, waits } from '../schema/journeys.ts'
import { type Page, pageOf } from './page.ts'

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

export type RunFilter = {
  journey?: string | undefined
  /** External id. */
  contact?: string | undefined
  state?: RunState | undefined
  limit: number
  after?: string | undefined
}

/** Newest first. */
export async function listRuns(db: Db, filter: RunFilter): Promise<Page<RunView>> {
  const rows = await db
    .select(columns)
    .from(runs)
    .innerJoin(contacts, eq(contacts.id, runs.contactId))
    .where(
      and(
        filter.journey === undefined ? undefined : eq(runs.journey, filter.journey),
        filter.contact === undefined ? undefined : eq(contacts.externalId, filter.contact),
        filter.state === undefined ? undefined : eq(runs.state, filter.state),
        filter.after === undefined ? undefined : lt(runs.id, filter.after),
      ),
    )
    .orderBy(desc(runs.id))
    .limit(filter.limit + 1)
  return pageOf(
    rows,
    filter.limit,
    (row) => row,
    (row) => row.id,
  )
}
