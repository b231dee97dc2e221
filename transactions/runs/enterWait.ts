/**
 * Enters a wait: a row that says until when, and for which events. Under the contact's lock it first looks at what already
 * happened: interactions since the message was sent, triggers since the run's last step took effect (or since the entry), by
 * sequence and not by clock. So an event just before, at or just after the start of a wait counts once.
 *
 * Entering again (the worker died before the engine heard the answer) answers how the wait stands.
 *
 * Locks: the contact row, then the run row.
 */
import { eq, type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { runs, waits } from '../../db/schema/journeys.ts'
import { type StoredEvent, triggerEvents } from '../../db/schema/triggers.ts'
import { build, columnsOf, given, insertOf, rowsOf, Statement } from '../../db/statement.ts'
import { evaluateMoment } from '../../domain/conditions/evaluate.ts'
import type { RunEnd, WaitStanding } from '../../domain/journey/answers.ts'
import { type Await, awaitsOf } from '../../domain/journey/awaits.ts'
import { findStep, type JourneyDefinition } from '../../domain/journey/definition.ts'
import { nextTimeOfDay } from '../../domain/journey/schedule.ts'
import { readUntil } from '../../domain/journey/until.ts'
import { point } from '../../points.ts'
import type { House } from '../house.ts'
import { lazyBindings } from '../intake/bindings.ts'
import { firstMatch, settleMatched } from '../intake/matchWaits.ts'
import { type ContactRow, lockRunWithContact, type RunRow } from '../locks.ts'
import { endOf } from './endRun.ts'
import { recordStep } from './path.ts'
import { standingOf, waitOfVisit } from './waitStanding.ts'

export type EnterWait = {
  run: string
  step: string
  visit: number
  /** Null for a wait `until`: the moment is read from the definition. */
  ms: number | null
  kind: 'sleep' | 'events'
  /** The run's own clock, RFC 3339. */
  now: string
}

export async function enterWait(house: House, request: EnterWait): Promise<WaitStanding | { ended: RunEnd }> {
  await point('wait:before-enter')
  return house.db.transaction(async (tx) => {
    const [{ contact, run }, entered] = await Promise.all([
      lockRunWithContact(tx, request.run),
      waitOfVisit.first(tx, request),
    ])
    const ended = endOf(run)
    if (ended !== null) return { ended }
    if (entered !== undefined) return standingOf(entered)

    const { definition } = await house.versions.journey(tx, run.journey, run.version)
    const deadline = await deadlineOf(tx, request, definition, contact, run)
    const wait: WaitRow = {
      id: newId(),
      runId: run.id,
      contactId: contact.id,
      step: request.step,
      visit: request.visit,
      kind: request.kind,
      state: 'open',
      sinceSeq: run.markSeq,
      deadline,
      openedAt: request.now,
      settledAt: null,
      eventId: null,
      branch: null,
    }
    const awaits = request.kind === 'events' ? awaitsOf(definition, wait.step) : []
    // Asked together they travel together, in this order.
    const [past] = await Promise.all([
      eventsBefore(tx, wait, run, awaits),
      waitInsert.all(tx, wait),
      runWaits.all(tx, { run: run.id }),
      recordStep(tx, { ...request, at: request.now, outcome: 'waiting' }),
    ])
    const bindings = lazyBindings(tx, contact, request.now)
    for (const event of past) {
      const counting = awaits.filter((awaited) => counts(awaited, event, wait, run))
      const branch = await firstMatch(tx, { runId: run.id, payload: run.payload }, counting, event, bindings)
      if (branch !== null && (await settleMatched(tx, wait, event, branch))) return { matched: branch }
    }
    return standingOf(wait)
  })
}

type WaitRow = typeof waits.$inferSelect

const waitInsert = insertOf(waits)
const runWaits = new Statement<{ run: string }, never>(
  build
    .update(runs)
    .set({ state: 'waiting' })
    .where(eq(runs.id, given('run'))),
)

/** What already happened that the wait may be for, in its order. */
async function eventsBefore(
  tx: Db,
  wait: WaitRow,
  run: RunRow,
  awaits: readonly Await[],
): Promise<StoredEvent[]> {
  const triggers = awaits.filter((awaited) => awaited.step === null)
  const names = triggers.map((awaited) => awaited.trigger)
  const since = triggers.some((awaited) => awaited.sinceEntry) ? run.entrySeq : wait.sinceSeq
  const values = { contact: wait.contactId, names, since, run: run.id }
  if (triggers.length < awaits.length) return triggersAndInteractions.all(tx, values)
  return triggers.length === 0 ? [] : triggersOnly.all(tx, values)
}

/** A trigger counts since the run's last step took effect, or since the entry; an interaction however early it came. */
function counts(awaited: Await, event: StoredEvent, wait: WaitRow, run: RunRow): boolean {
  if (awaited.step !== null) return true
  return (event.seq ?? 0) > (awaited.sinceEntry ? run.entrySeq : wait.sinceSeq)
}

const isTrigger = sql`name = any(${given('names')}::text[]) and seq > ${given('since')}::bigint`
const isInteraction = sql`delivery_id in (select id from deliveries where run_id = ${given('run')}::uuid)`
const triggersOnly = eventsThat(isTrigger)
const triggersAndInteractions = eventsThat(sql`((${isTrigger}) or ${isInteraction})`)

function eventsThat(condition: SQL) {
  return rowsOf<{ contact: string; names: string[]; since: number; run: string }>()(
    triggerEvents,
    sql`select ${columnsOf(triggerEvents)} from trigger_events
      where contact_id = ${given('contact')}::uuid and ${condition} order by seq`,
  )
}

/** On the run's own clock. A moment already past is answered as it is: the wait ends at once. */
async function deadlineOf(
  tx: Db,
  request: EnterWait,
  definition: JourneyDefinition,
  contact: ContactRow,
  run: RunRow,
): Promise<string> {
  const now = Date.parse(request.now)
  if (request.ms !== null) return new Date(now + request.ms).toISOString()
  const step = findStep(definition, request.step)
  if (step?.type !== 'wait' || step.until === undefined)
    throw new TypeError(`step ${request.step} waits for no moment`)
  const until = readUntil(step.until)
  switch (until.kind) {
    case 'moment':
      return momentOf(until.at)
    case 'timeOfDay': {
      const zone = until.wanted.zone === 'contact' ? (contact.timeZone ?? 'UTC') : until.wanted.zone
      return momentOf(nextTimeOfDay({ ...until.wanted, zone }, now))
    }
    case 'expression': {
      const bindings = await lazyBindings(tx, contact, request.now).of(until.text, { trigger: run.payload })
      const moment = evaluateMoment(until.text, bindings)
      // An expression that gives no moment for this contact waits for nothing: the run goes on, and its path says why.
      return moment.ok ? momentOf(moment.value) : request.now
    }
    default:
      return until satisfies never
  }
}

/** Four-digit years are what Postgres and RFC 3339 share; a moment outside them is waited for until their end, or is past. */
const earliest = Date.parse('0001-01-01T00:00:00.000Z')
const latest = Date.parse('9999-12-31T23:59:59.999Z')

function momentOf(ms: number): string {
  return new Date(Math.min(Math.max(ms, earliest), latest)).toISOString()
}
