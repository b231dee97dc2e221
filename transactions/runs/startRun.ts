/**
 * Starts a run of a journey's published version for one contact, under the contact's lock: over REST here, and by a trigger
 * from intake. Re-entry rules hold for both. What Temporal must hear goes into the outbox of the same transaction.
 */
import { and, eq, sql } from 'drizzle-orm'
import { clockQuery } from '../../db/clock.ts'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { pipelined } from '../../db/pipelined.ts'
import { type BoundQuery, build, given, insertOf, PreparedQuery } from '../../db/preparedQuery.ts'
import { journeys, journeyVersions, openRuns } from '../../db/schema/journeys.ts'
import { entryOf } from '../../domain/journey/awaits.ts'
import type { JourneyDefinition } from '../../domain/journey/definition.ts'
import { begin } from '../../domain/journey/machine.ts'
import { MachineError } from '../../domain/journey/machineError.ts'
import { type EntryVerdict, mayEnter, mostOpenRuns } from '../../domain/journey/reentry.ts'
import { notFound, Refusal } from '../../domain/refusal.ts'
import { journeyWorkflowId } from '../../domain/workflowIds.ts'
import { countRunStarted } from '../../telemetry/journeys.ts'
import { readTriggerDefinition, refusePayload } from '../definitions/triggerDefinition.ts'
import type { Deps } from '../deps.ts'
import { contactLock, insertRunRow, type LockedContact, type RunRow, requireLock } from '../locks.ts'
import { type OutboxStart, putInOutbox } from '../outbox.ts'
import { committing, whenCommitted } from '../outcomes.ts'
import { proceed } from './advance.ts'
import { lazyBindings } from './bindings.ts'

export type PublishedJourney = { key: string; version: number; definition: JourneyDefinition }

const published = new PreparedQuery<
  { key: string },
  { key: string; version: number | null; definition: JourneyDefinition | null }
>(
  build
    .select({ key: journeys.key, version: journeyVersions.version, definition: journeyVersions.definition })
    .from(journeys)
    .leftJoin(
      journeyVersions,
      and(eq(journeyVersions.key, journeys.key), eq(journeyVersions.version, journeys.publishedVersion)),
    )
    .where(eq(journeys.key, given('key'))),
)

/** The version of a journey that new runs take. Throws Refusal not-found; conflict where there is none. */
function publishedJourney(key: string): BoundQuery<PublishedJourney> {
  return published.with({ key }).map(([row]) => {
    if (row === undefined) throw notFound('journey', key)
    if (row.version === null || row.definition === null) {
      throw new Refusal('journey-not-published', `The journey "${key}" is not published. Publish it first.`)
    }
    return { key: row.key, version: row.version, definition: row.definition }
  })
}

/**
 * @param request.payload what the entry's trigger would bring; it must fit that trigger's schema
 * @param request.clock `skipping` for a rehearsal: the engine skips the run's waits
 * @throws Refusal invalid, with a pointer for each fault of the payload; conflict where the journey is not published, its version
 * cannot be read, re-entry forbids another run, or too many are open
 */
export async function startRun(
  deps: Deps,
  request: {
    journey: string
    contactId: string
    payload: Record<string, unknown>
    clock?: 'real' | 'skipping'
  },
): Promise<{ id: string; workflowId: string }> {
  // Judging a large payload takes a while: before the lock.
  const judged = await publishedJourney(request.journey).run(deps.db)
  await refuseUnfitPayload(deps, deps.db, judged.definition, request.payload)
  return committing(deps, async (inner) => {
    const tx = inner.db
    const [journey, contact, now, open] = await pipelined(tx, [
      publishedJourney(request.journey),
      contactLock(request.contactId),
      clockQuery,
      countOpen.with({ contact: request.contactId, journey: request.journey }),
    ])
    if (journey.version !== judged.version) {
      await refuseUnfitPayload(deps, tx, journey.definition, request.payload)
    }
    const verdict = await verdictOf(tx, journey, contact, now, async () => open)
    if (verdict !== 'enters') throw refused(verdict, journey.key)
    const id = await insertRun(tx, inner, {
      journey,
      contact,
      payload: request.payload,
      entryEvent: null,
      seq: contact.eventSeq,
      now,
      clock: request.clock ?? 'real',
    }).catch(refuseUnreadable(journey.key))
    return { id, workflowId: journeyWorkflowId(journey.key, id) }
  })
}

function refuseUnreadable(journey: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof MachineError)) throw error
    throw new Refusal(
      'journey-unreadable',
      `This version of Assent cannot read the published version of "${journey}" (${error.message}). Upgrade Assent, or publish the journey again.`,
    )
  }
}

function refused(verdict: Exclude<EntryVerdict, 'enters'>, journey: string): Refusal {
  switch (verdict) {
    case 'reentry-not-permitted':
      return new Refusal(
        verdict,
        `The journey "${journey}" does not permit this contact to enter again now. Wait, or change reentry.`,
      )
    case 'too-many-runs':
      return new Refusal(
        verdict,
        `The contact has ${mostOpenRuns} open runs of "${journey}", the most it may have. Wait until one ends, or cancel one.`,
      )
    default:
      return verdict satisfies never
  }
}

/** Conditions and messages rely on what the entry's trigger promises, however the run was started. */
async function refuseUnfitPayload(
  deps: Deps,
  db: Db,
  definition: JourneyDefinition,
  payload: Record<string, unknown>,
): Promise<void> {
  const entry = entryOf(definition)
  if (entry === null) return
  const trigger = await readTriggerDefinition(db, entry.trigger)
  await refusePayload(deps, entry.trigger, trigger, payload)
}

/** Whether the contact may have another run of the journey. */
export async function entryVerdict(
  tx: Db,
  journey: PublishedJourney,
  contact: LockedContact,
  now: string,
): Promise<EntryVerdict> {
  return verdictOf(tx, journey, contact, now, () =>
    countOpen.all(tx, { contact: contact.id, journey: journey.key }),
  )
}

/** @param askOpen answers the contact's open runs of the journey; asked for only where their number matters */
async function verdictOf(
  tx: Db,
  { key, definition: { reentry } }: PublishedJourney,
  contact: LockedContact,
  now: string,
  askOpen: () => Promise<{ open: number }[]>,
): Promise<EntryVerdict> {
  if (reentry === 'always') {
    const [counted] = await askOpen()
    return mayEnter(reentry, { newest: null, open: counted?.open ?? 0 }, now)
  }
  const [newest = null] = await newestRun.all(tx, { contact: contact.id, journey: key })
  return mayEnter(reentry, { newest, open: newest?.open === true ? 1 : 0 }, now)
}

const newestRun = new PreparedQuery<
  { contact: string; journey: string },
  { startedAt: string; open: boolean }
>(
  sql`select to_json(last_entered) #>> '{}' as "startedAt", exists (
      select from open_runs where contact_id = ${given('contact')}::uuid and journey = ${given('journey')}) as open
    from journey_entries where contact_id = ${given('contact')}::uuid and journey = ${given('journey')}`,
)

/** Counted up to as many as there may be. */
const countOpen = new PreparedQuery<{ contact: string; journey: string }, { open: number }>(
  sql`select count(*)::int as open from (
    select from open_runs where contact_id = ${given('contact')}::uuid and journey = ${given('journey')}
    limit ${sql.raw(String(mostOpenRuns))}) as counted`,
)

/** Writes the run, begins it, and writes the outbox row that starts its workflow with what it needs first. */
export async function insertRun(
  tx: Db,
  deps: Deps,
  run: {
    journey: PublishedJourney
    contact: LockedContact
    payload: Record<string, unknown>
    entryEvent: string | null
    seq: number
    now: string
    clock: 'real' | 'skipping'
  },
): Promise<string> {
  const { contact, now, clock } = run
  requireLock(tx, contact)
  const { key: journey, version } = run.journey
  const id = newId(now)
  const row: RunRow = {
    id,
    journey,
    version,
    contactId: contact.id,
    state: 'running',
    entryEvent: run.entryEvent,
    payload: run.payload,
    clock,
    entrySeq: run.seq,
    markSeq: run.seq,
    startedAt: now,
    endedAt: null,
    endReason: null,
    position: null,
    recoveries: 0,
    parked: null,
    recoverAfter: null,
    pathDeletedAt: null,
  }
  // Before anything is written: a version that cannot be read starts nothing.
  const { definition, plan } = await deps.versions.journey(tx, journey, version)
  const [inserted] = await pipelined(tx, [
    insertRunRow(row),
    insertOpen.with({ runId: id, contactId: contact.id, journey }),
    remember.with({ contact: contact.id, journey, now }),
  ])
  const bindings = lazyBindings(tx, contact, now)
  const advancing = { deps, tx, contact, run: inserted, definition, plan, now, bindings }
  const first = await proceed(advancing, begin(plan))
  const body: OutboxStart = {
    workflow: 'journey',
    id,
    journey,
    version,
    clock,
    first: first ?? { do: 'again' },
  }
  await putInOutbox(tx, { stream: id, kind: 'start', body })
  whenCommitted(deps, countRunStarted)
  return id
}

const insertOpen = insertOf(openRuns)

const remember = new PreparedQuery<{ contact: string; journey: string; now: string }, never>(
  sql`insert into journey_entries (contact_id, journey, last_entered)
    values (${given('contact')}::uuid, ${given('journey')}, ${given('now')}::timestamptz)
    on conflict (contact_id, journey) do update set last_entered = excluded.last_entered`,
)
