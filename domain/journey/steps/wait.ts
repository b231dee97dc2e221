/** `wait`: sleeps for a duration or until a moment. */
import { z } from 'zod'
import { longestCondition } from '../../conditions/language.ts'
import { coded, textShape } from '../../shapes/primitives.ts'
import { parseDuration } from '../duration.ts'
import { checkCondition, checkDuration, type Place } from '../findings.ts'
import { MachineError } from '../machineError.ts'
import type { Target } from '../machineTypes.ts'
import { isTimeZone, parseTimeOfDay } from '../schedule.ts'
import { readUntil, timeOfDayShape, type Until } from '../until.ts'
import type { Round, StepKind } from './kind.ts'
import { durationShape, stepIdShape } from './parts.ts'

const neitherNorBoth = 'A wait has either "for" or "until".'
const onUnknownNeedsUntil = '"onUnknown" goes with "until" only.'

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
    onUnknown: z.enum(['exit', 'continue']).exactOptional().meta({
      description:
        'With `until`: what follows when the moment cannot be evaluated for the contact, as where an attribute is missing. `exit` ends the run, and is the default where a send may follow, since it could leave too early; `continue` goes on at once, and is the default elsewhere',
    }),
  })
  .refine(
    (step) => (step.for === undefined) !== (step.until === undefined),
    coded('invalid-wait', neitherNorBoth),
  )
  .refine((step) => step.onUnknown === undefined || step.until !== undefined, {
    path: ['onUnknown'],
    ...coded('invalid-wait', onUnknownNeedsUntil),
  })
  .meta({ id: 'WaitStep', description: 'Sleeps for a duration or until a moment' })

export interface WaitStep extends z.output<typeof waitShape> {}

export type PlanWait = {
  type: 'wait'
  /** Null: the definition's `until` names the moment, which may depend on the contact. */
  ms: number | null
  /** What follows where there is no such moment for the contact. */
  onUnknown: 'exit' | 'continue'
  next: Target
}

export const wait: StepKind<WaitStep, PlanWait> = {
  lists: () => [],
  compile: (step, { next, sendFollows }) => {
    const onUnknown = step.onUnknown ?? (sendFollows ? 'exit' : 'continue')
    if (step.for !== undefined) return { type: 'wait', ms: parseDuration(step.for), onUnknown, next }
    if (step.until === undefined) throw new TypeError(`the wait ${step.id} has neither for nor until`)
    return { type: 'wait', ms: null, onUnknown, next }
  },
  check: (step, at, round) => {
    if ((step.for === undefined) === (step.until === undefined))
      round.findings.error(at, 'invalid-wait', neitherNorBoth)
    if (step.for !== undefined) checkDuration(step.for, [...at, 'for'], round.findings)
    if (step.until !== undefined) checkUntil(step.until, [...at, 'until'], round)
    checkOnUnknown(step, at, round)
  },
  sentAfter: (_step, { sent }) => sent,
  draw: (step, pen) => {
    pen.node('rounded', step.for === undefined ? untilLabel(step.until) : `wait ${step.for}`)
    pen.next()
    if (step.onUnknown === 'exit') pen.exits('no such moment')
  },
  enter: ({ ms }) => ({ do: 'sleep', ms }),
  leave: ({ onUnknown, next }, answer, step) => {
    if (answer.type !== 'waited') throw new MachineError('wrong-outcome', step)
    switch (answer.result) {
      case 'elapsed':
        return { to: next }
      case 'no-moment':
        return onUnknown === 'exit' ? { end: { state: 'exited', reason: 'no-moment' } } : { to: next }
      default:
        throw new MachineError('wrong-outcome', step)
    }
  },
}

/** A moment that is an expression may be missing for some contacts. The author should know what happens then. */
function checkOnUnknown(step: WaitStep, at: Place, { sendFollows, findings }: Round): void {
  const { until, onUnknown } = step
  if (onUnknown !== undefined && until === undefined)
    findings.error([...at, 'onUnknown'], 'invalid-wait', onUnknownNeedsUntil)
  if (until === undefined || readUntil(until).kind !== 'expression' || !sendFollows) return
  if (onUnknown === undefined) {
    findings.warning(
      [...at, 'until'],
      'unknown-moment',
      'If this moment cannot be evaluated for a contact, the run ends here, because a message below could leave too early. Set "onUnknown" to "exit" to confirm this, or to "continue" to go on at once.',
    )
  }
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
        findings.error([...at, 'time'], 'invalid-wait', 'Must be a time of day as HH:MM, such as "09:00".')
      if (days && (days.length === 0 || new Set(days).size < days.length)) {
        findings.error([...at, 'days'], 'invalid-wait', 'Name at least one day, and each only once.')
      }
      if (zone !== 'contact' && !isTimeZone(zone)) {
        findings.error(
          [...at, 'zone'],
          'invalid-wait',
          'Must be "contact" or an IANA time zone, such as "Europe/Vienna".',
        )
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
