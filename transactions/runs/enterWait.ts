/**
 * Enters a wait: a row that says until when, and for which events. Under the contact's lock it first looks at what already
 * happened (`pastMatch.ts`). So an event just before, at or just after the start of a wait counts once.
 *
 * Entering again (the worker died before the engine heard the answer) answers how the wait stands.
 *
 * Locks: the contact row, then the run row.
 */
import { eq } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { runs, waits } from '../../db/schema/journeys.ts'
import { build, given, insertOf, Statement } from '../../db/statement.ts'
import { evaluateMoment } from '../../domain/conditions/evaluate.ts'
import type { RunEnd, WaitStanding } from '../../domain/journey/answers.ts'
import { awaitedTriggers, awaitsOf } from '../../domain/journey/awaits.ts'
import { findStep, type JourneyDefinition } from '../../domain/journey/definition.ts'
import { nextTimeOfDay } from '../../domain/journey/schedule.ts'
import { readUntil } from '../../domain/journey/until.ts'
import { point } from '../../points.ts'
import type { House } from '../house.ts'
import { lazyBindings } from '../intake/bindings.ts'
import { settleMatched } from '../intake/matchWaits.ts'
import { type ContactRow, lockRunWithContact, type RunRow } from '../locks.ts'
import { endOf } from './endRun.ts'
import { Past } from './pastMatch.ts'
import { recordStep } from './path.ts'
import { runStateInWait } from './runStates.ts'
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
    const awaits = request.kind === 'events' ? awaitsOf(definition, request.step) : []
    const wait: typeof waits.$inferSelect = {
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
      awaited: awaitedTriggers(awaits),
    }
    const past = new Past(tx, run, awaits)
    // Asked together they travel together, in this order.
    const [triggers, interactions] = await Promise.all([
      past.triggers(0),
      past.interactions(),
      waitInsert.all(tx, wait),
      runWaits.all(tx, { run: run.id }),
      recordStep(tx, { ...request, at: request.now, outcome: 'waiting' }),
    ])
    const match = await past.firstMatch(triggers, interactions, lazyBindings(tx, contact, request.now))
    if (match === null) return standingOf(wait)
    await settleMatched(tx, [{ wait: wait.id, branch: match.branch }], match.event)
    return { matched: match.branch }
  })
}

const waitInsert = insertOf(waits)
const runWaits = new Statement<{ run: string }, never>(
  build
    .update(runs)
    .set({ state: runStateInWait })
    .where(eq(runs.id, given('run'))),
)

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
