/**
 * Enters a wait: a row that says until when, and for which events. Under the contact's lock it first looks at what already
 * happened: interactions since the message was sent, triggers since the run's last step took effect (or since the entry), by
 * sequence and not by clock. So an event just before, at or just after the start of a wait counts once.
 *
 * Entering again (the worker died before the engine heard the answer) answers how the wait stands.
 *
 * Locks: the contact row, then the run row.
 */
import { and, asc, eq, gt, inArray, or } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { deliveries } from '../../db/schema/deliveries.ts'
import { runs, waits } from '../../db/schema/journeys.ts'
import { triggerEvents } from '../../db/schema/triggers.ts'
import { evaluateMoment } from '../../domain/conditions/evaluate.ts'
import { awaitsOf } from '../../domain/journey/awaits.ts'
import { findStep, type JourneyDefinition } from '../../domain/journey/definition.ts'
import { nextTimeOfDay } from '../../domain/journey/schedule.ts'
import { readUntil } from '../../domain/journey/until.ts'
import { point } from '../../points.ts'
import type { House } from '../house.ts'
import { lazyBindings } from '../intake/bindings.ts'
import { firstMatch, settleMatched } from '../intake/matchWaits.ts'
import { type ContactRow, lockContact, lockRun, type RunRow } from '../locks.ts'
import { endOf, type RunEnd } from './endRun.ts'
import { recordStep } from './path.ts'
import { definitionOf } from './readRun.ts'
import { standingOf, type WaitStanding } from './waitStanding.ts'

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
    const { definition, contactId } = await definitionOf(tx, request.run)
    const contact = await lockContact(tx, contactId)
    const run = await lockRun(tx, request.run)
    const ended = endOf(run)
    if (ended !== null) return { ended }
    const [entered] = await tx
      .select()
      .from(waits)
      .where(and(eq(waits.runId, run.id), eq(waits.step, request.step), eq(waits.visit, request.visit)))
    if (entered !== undefined) return standingOf(entered)

    const deadline = await deadlineOf(tx, request, definition, contact, run)
    const wait = {
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
    } satisfies typeof waits.$inferSelect
    await tx.insert(waits).values(wait)
    if (request.kind === 'events') {
      const branch = await matchPast(tx, wait, run, contact, definition, request.now)
      if (branch !== null) return { matched: branch }
    }
    await Promise.all([
      tx.update(runs).set({ state: 'waiting' }).where(eq(runs.id, run.id)),
      recordStep(tx, { ...request, at: request.now, outcome: 'waiting' }),
    ])
    return standingOf(wait)
  })
}

/** What already happened that this wait is for: settles it with the earliest. */
async function matchPast(
  tx: Db,
  wait: typeof waits.$inferSelect,
  run: RunRow,
  contact: ContactRow,
  definition: JourneyDefinition,
  now: string,
): Promise<number | null> {
  const awaits = awaitsOf(definition, wait.step)
  const triggers = awaits.filter((awaited) => awaited.step === null)
  const interactions = awaits.filter((awaited) => awaited.step !== null)
  const since = triggers.some((awaited) => awaited.sinceEntry) ? run.entrySeq : wait.sinceSeq
  const past = await tx
    .select()
    .from(triggerEvents)
    .where(
      and(
        eq(triggerEvents.contactId, contact.id),
        or(
          and(
            inArray(triggerEvents.name, ['', ...triggers.map((awaited) => awaited.trigger)]),
            gt(triggerEvents.seq, since),
          ),
          interactions.length > 0
            ? inArray(
                triggerEvents.deliveryId,
                tx.select({ id: deliveries.id }).from(deliveries).where(eq(deliveries.runId, run.id)),
              )
            : undefined,
        ),
      ),
    )
    .orderBy(asc(triggerEvents.seq))
  const bindings = lazyBindings(tx, contact, now)
  for (const event of past) {
    const seq = event.seq ?? 0
    const counting = awaits.filter(
      (awaited) => awaited.step !== null || seq > (awaited.sinceEntry ? run.entrySeq : wait.sinceSeq),
    )
    const branch = await firstMatch(tx, { runId: run.id, payload: run.payload }, counting, event, bindings)
    if (branch !== null && (await settleMatched(tx, wait, event, branch))) return branch
  }
  return null
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
