/**
 * A journey definition as a caller puts it: well-formed or refused with a pointer. An unknown step type or field is refused, never
 * ignored. What only the world can tell (unknown messages, unsound conditions, unreachable steps) the checker says afterwards.
 */
import { z } from 'zod'
import { longestCondition } from '../conditions/language.ts'
import { readAwaited } from '../journey/awaits.ts'
import { deepestNesting, mostSteps, mostWays } from '../journey/checkSteps.ts'
import type {
  AwaitedEvent,
  BranchStep,
  ExitStep,
  JourneyDefinition,
  SendStep,
  Step,
  TimeOfDay,
  WaitForStep,
  WaitStep,
} from '../journey/definition.ts'
import { weekdays } from '../journey/definition.ts'
import { keyShape, textShape, triggerNameShape } from './primitives.ts'

const durationText = textShape(100).meta({
  description: 'Duration: "3 days", "1 day 12 hours" or ISO 8601 ("P3D"); no months or years',
  example: '3 days',
})
const stepIdShape = textShape(64).meta({
  description: 'Step id: unique in the journey, and the identity of the step across versions',
  example: 'remind',
})
const conditionShape = (about: string) =>
  textShape(longestCondition).meta({ description: `CEL over ${about}` })
const whereShape = conditionShape('`contact`, `trigger`, `event`, `consent`, `now`')

const timeOfDayShape = z
  .strictObject({
    time: textShape(5).meta({ description: 'Time of day, "HH:MM"', example: '09:00' }),
    days: z
      .array(z.enum(weekdays))
      .max(7)
      .exactOptional()
      .meta({ description: 'Weekdays; left out: any day' }),
    zone: textShape(64).meta({
      description: 'IANA time zone, or `contact` for the contact’s own',
      example: 'contact',
    }),
  })
  .meta({
    id: 'TimeOfDay',
    description: 'The next moment at which clocks in the zone show this time',
  }) satisfies z.ZodType<TimeOfDay>

const sendShape = z
  .strictObject({
    id: stepIdShape,
    type: z.literal('send'),
    message: keyShape.meta({
      description: 'Key of the message; its newest version is taken when it is sent',
    }),
    onBlocked: z
      .enum(['continue', 'exit'])
      .exactOptional()
      .meta({ description: 'What follows when the message may not be sent; `continue` unless set' }),
    expires: durationText
      .exactOptional()
      .meta({ description: 'Duration after which a message held back is not sent any more' }),
  })
  .meta({
    id: 'SendStep',
    description: 'Decides, claims and hands over one message',
  }) satisfies z.ZodType<SendStep>

const waitShape = z
  .strictObject({
    id: stepIdShape,
    type: z.literal('wait'),
    for: durationText.exactOptional().meta({ description: 'How long' }),
    until: z
      .union([textShape(longestCondition), timeOfDayShape])
      .exactOptional()
      .meta({
        description:
          'An RFC 3339 time, CEL that gives a timestamp, or a time of day; what is past goes on at once',
      }),
  })
  .refine((step) => (step.for === undefined) !== (step.until === undefined), 'say either "for" or "until"')
  .meta({
    id: 'WaitStep',
    description: 'Sleeps for a duration or until a moment',
  }) satisfies z.ZodType<WaitStep>

const stepsShape: z.ZodType<Step[]> = z
  .lazy(() => z.array(stepShape).max(mostSteps))
  .meta({ id: 'Steps', description: 'Steps, run from top to bottom' })

const sentStepShape = (what: string) =>
  stepIdShape.exactOptional().meta({ description: `Id of the send step whose message is ${what}` })

const awaitedShape = z
  .strictObject({
    trigger: triggerNameShape.exactOptional().meta({ description: 'Name of a trigger' }),
    where: whereShape.exactOptional().meta({ description: 'With `trigger`: CEL that must hold' }),
    since: z
      .literal('entry')
      .exactOptional()
      .meta({ description: 'With `trigger`: counts since the run began instead of since the wait began' }),
    opened: sentStepShape('opened'),
    clicked: sentStepShape('clicked'),
    delivered: sentStepShape('delivered'),
    bounced: sentStepShape('bounced'),
    replied: sentStepShape('answered'),
    link: textShape(2000).exactOptional().meta({ description: 'With `clicked`: the link; left out: any' }),
    steps: stepsShape,
  })
  .superRefine((event, context) => {
    const awaited = readAwaited(event)
    const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
    if (!awaited)
      return refuse(
        [],
        'name exactly one of "trigger", "opened", "clicked", "delivered", "bounced", "replied"',
      )
    if (event.link !== undefined && awaited.kind !== 'clicked') refuse(['link'], 'only a click has a link')
    if (awaited.kind === 'trigger') return
    if (event.where !== undefined) refuse(['where'], '"where" goes with "trigger" only')
    if (event.since !== undefined) refuse(['since'], '"since" goes with "trigger" only')
  })
  .meta({
    id: 'AwaitedEvent',
    description: 'Exactly one of a trigger and an interaction with a sent message',
  }) satisfies z.ZodType<AwaitedEvent>

const waitForShape = z
  .strictObject({
    id: stepIdShape,
    type: z.literal('waitFor'),
    events: z.array(awaitedShape).min(1).max(mostWays).meta({ description: 'The first that matches wins' }),
    timeout: durationText.meta({ description: 'How long at most' }),
    onTimeout: stepsShape
      .exactOptional()
      .meta({ description: 'Run when nothing matched in time; left out: go on below' }),
    onUntracked: stepsShape.exactOptional().meta({
      description:
        'Run in place of `onTimeout` where only opens or clicks are awaited and the message was not tracked; left out: go on below',
    }),
  })
  .meta({
    id: 'WaitForStep',
    description: 'Waits for the first of several events',
  }) satisfies z.ZodType<WaitForStep>

const branchShape = z
  .strictObject({
    id: stepIdShape,
    type: z.literal('branch'),
    cases: z
      .array(
        z.strictObject({ when: conditionShape('`contact`, `trigger`, `consent`, `now`'), steps: stepsShape }),
      )
      .min(1)
      .max(mostWays)
      .meta({ description: 'The first case that holds is taken' }),
    otherwise: stepsShape
      .exactOptional()
      .meta({ description: 'Run when no case holds; left out: go on below' }),
  })
  .meta({ id: 'BranchStep', description: 'Takes one of several ways' }) satisfies z.ZodType<BranchStep>

const exitShape = z
  .strictObject({
    id: stepIdShape,
    type: z.literal('exit'),
    reason: textShape(500).exactOptional().meta({ description: 'For people: why the run ends here' }),
  })
  .meta({ id: 'ExitStep', description: 'Ends the run' }) satisfies z.ZodType<ExitStep>

const stepShape: z.ZodType<Step> = z
  .discriminatedUnion('type', [sendShape, waitShape, waitForShape, branchShape, exitShape])
  .meta({ id: 'Step', description: 'One step; steps run from top to bottom' })

const listenerFields = { trigger: triggerNameShape, where: whereShape.exactOptional() }

/** The fields of a journey, for what carries more beside them. */
export const journeyFields = z
  .strictObject({
    key: keyShape,
    name: textShape(200).meta({ description: 'For people' }),
    description: textShape(2000).exactOptional().meta({ description: 'For people: what the journey is for' }),
    profile: keyShape.exactOptional().meta({ description: 'Compliance profile the journey belongs to' }),
    entry: z
      .strictObject(listenerFields)
      .exactOptional()
      .meta({ description: 'What starts a run by itself; left out: runs are started over REST only' }),
    reentry: z
      .union([z.enum(['never', 'always']), z.strictObject({ after: durationText })])
      .exactOptional()
      .meta({
        description:
          'Whether a contact may run through it again; `never` unless set; `always` also while a run is under way',
      }),
    exit: z
      .array(z.strictObject(listenerFields))
      .max(mostWays)
      .exactOptional()
      .meta({ description: 'Triggers that end a run at once, wherever it is' }),
    goal: z
      .strictObject({
        ...listenerFields,
        within: durationText.meta({ description: 'How long after the start of a run it counts' }),
      })
      .exactOptional()
      .meta({
        description: 'What the journey is for. Kept with each version; not counted yet, as a warning says',
      }),
    interactions: z.enum(['human', 'any']).exactOptional().meta({
      description: 'Whose opens and clicks count: `human` unless set; `any` also proxies’ and bots’',
    }),
    steps: stepsShape,
  })
  .meta({ id: 'Journey', description: 'A journey definition' }) satisfies z.ZodType<JourneyDefinition>

/**
 * Reads a journey definition. Nesting is looked at first, without recursion, so that no body, however deep, can exhaust the stack
 * of what follows.
 */
export const journeyShape = z.preprocess((value, context) => {
  if (deeperThan(value, nestingBound)) {
    context.addIssue({
      code: 'custom',
      message: `nested too deep: steps may be nested ${deepestNesting} levels deep`,
    })
    return z.NEVER
  }
  return value
}, journeyFields)

/** Levels of JSON that the deepest permitted journey can have: three for each list of steps (steps, step, cases, case), and some. */
const nestingBound = deepestNesting * 4 + 8

function deeperThan(value: unknown, bound: number): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > bound) return true
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []))
  }
  return false
}
