/** `wait`: sleeps for a duration or until a moment. */
import { z } from 'zod'
import { longestCondition } from '../../conditions/language.ts'
import { textShape } from '../../shapes/primitives.ts'
import { parseDuration } from '../duration.ts'
import { checkCondition, checkDuration, type Place } from '../findings.ts'
import { MachineError } from '../machineError.ts'
import type { Target } from '../machineTypes.ts'
import { isTimeZone, parseTimeOfDay } from '../schedule.ts'
import { readUntil, timeOfDayShape, type Until } from '../until.ts'
import type { Round, StepKind } from './kind.ts'
import { durationShape, stepIdShape } from './parts.ts'

export const waitShape = z
  .strictObject({
    id: stepIdShape,
    type: z.literal('wait'),
    for: durationShape.exactOptional().meta({ description: 'How long' }),
    until: z
      .union([textShape(longestCondition), timeOfDayShape])
      .exactOptional()
      .meta({
        description:
          'An RFC 3339 time, CEL that gives a timestamp, or a time of day; a moment already past goes on at once',
      }),
  })
  .refine((step) => (step.for === undefined) !== (step.until === undefined), 'say either "for" or "until"')
  .meta({ id: 'WaitStep', description: 'Sleeps for a duration or until a moment' })

export interface WaitStep extends z.output<typeof waitShape> {}

/** `ms` null: the definition's `until` names the moment, which may depend on the contact. */
export type PlanWait = { type: 'wait'; ms: number | null; next: Target }

export const wait: StepKind<WaitStep, PlanWait> = {
  lists: () => [],
  compile: (step, { next }) => {
    if (step.for !== undefined) return { type: 'wait', ms: parseDuration(step.for), next }
    if (step.until === undefined) throw new TypeError(`the wait ${step.id} has neither for nor until`)
    return { type: 'wait', ms: null, next }
  },
  check: (step, at, round) => {
    if ((step.for === undefined) === (step.until === undefined))
      round.findings.error(at, 'a wait has either "for" or "until"')
    if (step.for !== undefined) checkDuration(step.for, [...at, 'for'], round.findings)
    if (step.until !== undefined) checkUntil(step.until, [...at, 'until'], round)
  },
  sentAfter: (_step, { sent }) => sent,
  draw: (step, pen) => {
    pen.node('rounded', step.for === undefined ? untilLabel(step.until) : `wait ${step.for}`)
    pen.next()
  },
  enter: ({ ms }) => ({ do: 'sleep', ms }),
  leave: ({ next }, answer, step) => {
    if (answer.type !== 'waited' || answer.result !== 'elapsed') throw new MachineError('wrong-outcome', step)
    return { to: next }
  },
}

function checkUntil(until: Until, at: Place, { world, findings }: Round): void {
  const read = readUntil(until)
  switch (read.kind) {
    case 'moment':
      return
    case 'expression':
      checkCondition(read.text, at, 'until', world, findings)
      return
    case 'timeOfDay': {
      const { time, days, zone } = read.wanted
      if (!parseTimeOfDay(time))
        findings.error([...at, 'time'], 'not a time of day: expected "HH:MM", as "09:00"')
      if (days && (days.length === 0 || new Set(days).size < days.length)) {
        findings.error([...at, 'days'], 'name each day once, and at least one')
      }
      if (zone !== 'contact' && !isTimeZone(zone)) {
        findings.error([...at, 'zone'], 'neither "contact" nor an IANA time zone, as "Europe/Vienna"')
      }
      return
    }
    default:
      read satisfies never
  }
}

function untilLabel(until: Until | undefined): string {
  if (until === undefined) return 'wait'
  if (typeof until === 'string') return `wait until ${until}`
  const days = until.days ? ` on ${until.days.join(', ')}` : ''
  return `wait until ${until.time}${days} (${until.zone})`
}
