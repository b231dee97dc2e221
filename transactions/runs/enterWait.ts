/**
 * Enters a wait: a row with its deadline and the events that can settle it. Under the contact's lock it first looks at what already
 * happened (`pastMatch.ts`), so an event just before, at or just after the start of a wait counts once.
 */
import { newId } from '../../db/ids.ts'
import { pipelined } from '../../db/pipelined.ts'
import { insertOf } from '../../db/preparedQuery.ts'
import { waits } from '../../db/schema/journeys.ts'
import { evaluateMoment } from '../../domain/conditions/evaluate.ts'
import { longestReason } from '../../domain/conditions/judged.ts'
import { awaitedTriggers, awaitsOf } from '../../domain/journey/awaits.ts'
import { findStep } from '../../domain/journey/definition.ts'
import { MachineError } from '../../domain/journey/machineError.ts'
import type { Answer, Effect, Place } from '../../domain/journey/machineTypes.ts'
import type { Next } from '../../domain/journey/next.ts'
import { isTimeZone, nextTimeOfDay } from '../../domain/journey/schedule.ts'
import { readUntil } from '../../domain/journey/until.ts'
import { failpoint } from '../../failpoints.ts'
import { type Advancing, moveMark } from './advancing.ts'
import { standingOf, type WaitRow } from './lookAtWait.ts'
import { Past } from './pastMatch.ts'
import { recordStep, stepRecord } from './path.ts'
import { settleMatched } from './settleMatched.ts'

/** @returns the id of the wait's row, and its answer, or until when to wait */
export async function enterWait(
  advancing: Advancing,
  place: Place,
  effect: Extract<Effect, { do: 'sleep' | 'await' }>,
): Promise<{ wait: string; seen: Answer | Next }> {
  await failpoint('wait:before-enter')
  const { tx, run, contact, definition, now, bindings } = advancing
  const awaits = effect.do === 'await' ? awaitsOf(definition, place.step) : []
  const deadline = await deadlineOf(advancing, place, effect.do === 'await' ? effect.timeoutMs : effect.ms)
  const wait: WaitRow = {
    id: newId(),
    runId: run.id,
    contactId: contact.id,
    step: place.step,
    visit: place.visit,
    kind: effect.do === 'await' ? 'events' : 'sleep',
    state: 'at' in deadline ? 'open' : 'no-moment',
    sinceSeq: run.markSeq,
    deadline: 'at' in deadline ? deadline.at : now,
    openedAt: now,
    settledAt: 'at' in deadline ? null : now,
    eventId: null,
    branch: null,
    awaited: awaitedTriggers(awaits),
  }
  const past = new Past(run, awaits)
  const [triggers, interactions] = await pipelined(tx, [
    past.triggers(0),
    past.interactions(),
    waitInsert.with(wait),
    'at' in deadline
      ? stepRecord(run, { ...place, at: now, outcome: 'waiting' })
      : stepRecord(run, { ...place, at: now, outcome: 'no-moment', reason: deadline.unknown }),
  ])
  const match = await past.firstMatch(tx, triggers ?? [], interactions ?? [], bindings)
  if (match === null && past.unknown !== null)
    await recordStep(tx, run, { ...place, at: now, outcome: 'waiting', reason: past.unknown })
  if (match !== null) {
    await settleMatched(tx, contact, [{ wait: wait.id, run: run.id, branch: match.branch }], match.event)
    moveMark(advancing, match.event.seq)
  }
  const row: WaitRow = match === null ? wait : { ...wait, state: 'matched', branch: match.branch }
  return { wait: wait.id, seen: await standingOf(advancing, row) }
}

const waitInsert = insertOf(waits)

/** `at`: on the run's own clock. `unknown`: why there is no such moment for this contact. */
type Deadline = { at: string } | { unknown: string }

/** A moment already past is answered as it is: the wait ends at once. */
async function deadlineOf(
  { contact, run, definition, now, bindings }: Advancing,
  place: Place,
  ms: number | null,
): Promise<Deadline> {
  if (ms !== null) return momentOf(Date.parse(now) + ms)
  const step = findStep(definition, place.step)
  if (step?.type !== 'wait' || step.until === undefined) throw new MachineError('unknown-step', place.step)
  const until = readUntil(step.until)
  switch (until.kind) {
    case 'moment':
      return momentOf(until.at)
    case 'timeOfDay': {
      const zone = until.wanted.zone === 'contact' ? (contact.timeZone ?? 'UTC') : until.wanted.zone
      if (!isTimeZone(zone)) return { unknown: 'the time zone is not known here' }
      return momentOf(nextTimeOfDay({ ...until.wanted, zone }, Date.parse(now)))
    }
    case 'expression': {
      const moment = evaluateMoment(until.text, await bindings.of(until.text, { trigger: run.payload }))
      return moment.ok ? momentOf(moment.value) : { unknown: moment.message.slice(0, longestReason) }
    }
    default:
      return until satisfies never
  }
}

/** Four-digit years are what Postgres and RFC 3339 share; a moment outside them is waited for until their end, or is past. */
const earliest = Date.parse('0001-01-01T00:00:00.000Z')
const latest = Date.parse('9999-12-31T23:59:59.999Z')

function momentOf(ms: number): Deadline {
  return { at: new Date(Math.min(Math.max(ms, earliest), latest)).toISOString() }
}
