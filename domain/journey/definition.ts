/**
 * The journey language as TypeScript types: what a journey definition looks like once it was read and found well-formed.
 *
 * The words are explained in docs/journeys.md. `domain/shapes/journey.ts` reads unknown JSON into these types, `check.ts` says
 * what a well-formed definition still has wrong, `plan.ts` reduces it to what a workflow may know.
 */

/** A weekday as the language writes it. */
export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun'

/** Weekdays from Monday to Sunday. */
export const weekdays: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

/** What a contact did with a sent message, as a `waitFor` names it. */
export type Interaction = 'opened' | 'clicked' | 'delivered' | 'bounced' | 'replied'

/** Interactions in the order the language lists them. */
export const interactions: readonly Interaction[] = ['opened', 'clicked', 'delivered', 'bounced', 'replied']

/** A journey as it is put, checked, published and versioned. */
export type JourneyDefinition = {
  /** Names the journey for good; lower case words joined by hyphens. */
  key: string
  /** For people. */
  name: string
  description?: string
  /** Key of the compliance profile the journey belongs to. */
  profile?: string
  /** What starts a run by itself; absent: runs are started over REST only. */
  entry?: Entry
  /** Whether a contact may run through it again; absent: `never`. */
  reentry?: Reentry
  /** Triggers that end a run at once, wherever it is. */
  exit?: ExitTrigger[]
  /** What the journey is for; kept with the version, so that runs can be measured by it. */
  goal?: Goal
  /** Whose opens and clicks count: those a person made (absent, or `human`), or also proxies' and bots' (`any`). */
  interactions?: 'human' | 'any'
  /** Run from top to bottom. */
  steps: Step[]
}

/** Starts a run when the trigger is taken and `where` holds. */
export type Entry = {
  trigger: string
  /** CEL over `contact`, `trigger` (the payload; `event` is the same here), `consent`, `now`. */
  where?: string
}

/** `always` starts another run even while one is running; `after` counts from the start of the contact's newest run. */
export type Reentry = 'never' | 'always' | { after: string }

/** Ends a run as `exited` when the trigger is taken and `where` holds. */
export type ExitTrigger = {
  trigger: string
  /** CEL over `contact`, `trigger` (the entry's payload), `event` (the payload just received), `consent`, `now`. */
  where?: string
}

/** Reached when the trigger is taken and `where` holds, at most `within` after the run's start. */
export type Goal = {
  trigger: string
  /** CEL, as for exit triggers. */
  where?: string
  /** Duration, from the start of the run. */
  within: string
}

export type Step = SendStep | WaitStep | WaitForStep | BranchStep | ExitStep

/** The words for `type`. */
export type StepType = Step['type']

/** Decide, claim and hand over one message. */
export type SendStep = {
  id: string
  type: 'send'
  /** Key of the message; its newest version is taken at the claim. */
  message: string
  /** What follows a block; absent: `continue`. */
  onBlocked?: 'continue' | 'exit'
  /** Duration after which a message still held back is not sent any more. */
  expires?: string
}

/** Sleeps for a duration or until a moment; exactly one of `for` and `until` is given. */
export type WaitStep = {
  id: string
  type: 'wait'
  /** Duration. */
  for?: string
  until?: Until
}

/** An RFC 3339 time, a CEL expression that gives a timestamp, or the next such time of day. */
export type Until = string | TimeOfDay

/** The next moment at which clocks in the zone show `time` on one of `days`. */
export type TimeOfDay = {
  /** `HH:MM`, 24 hours. */
  time: string
  /** Absent: any day. */
  days?: Weekday[]
  /** An IANA time zone, or `contact` for the contact's own. */
  zone: string
}

/** Waits for the first of several events, at most for `timeout`. */
export type WaitForStep = {
  id: string
  type: 'waitFor'
  events: AwaitedEvent[]
  /** Duration. */
  timeout: string
  /** Run when nothing matched in time; absent: the run goes on below. */
  onTimeout?: Step[]
  /**
   * Run in place of `onTimeout` where only opens or clicks were awaited and the message was not tracked, so that silence
   * says nothing; absent: the run goes on below.
   */
  onUntracked?: Step[]
}

/** Exactly one of `trigger` and the interactions is given; `readAwaited` in awaits.ts tells them apart. */
export type AwaitedEvent = {
  trigger?: string
  /** With `trigger` only: CEL, as for exit triggers. */
  where?: string
  /** With `trigger` only: counts what happened since the run's entry instead of since the wait began. */
  since?: 'entry'
  /** Id of the send step whose message is opened; the others alike. */
  opened?: string
  clicked?: string
  delivered?: string
  bounced?: string
  replied?: string
  /** With `clicked` only: the link's id or its URL as written in the message; absent: any link. */
  link?: string
  /** Run when this event was the first to match. */
  steps: Step[]
}

/** Takes the first case that holds. */
export type BranchStep = {
  id: string
  type: 'branch'
  cases: BranchCase[]
  /** Run when no case holds; absent: the run goes on below. */
  otherwise?: Step[]
}

export type BranchCase = {
  /** CEL over `contact`, `trigger`, `consent`, `now`. */
  when: string
  steps: Step[]
}

/** Ends the run as `exited`. */
export type ExitStep = {
  id: string
  type: 'exit'
  /** For people: why the run ends here. */
  reason?: string
}

/** One of a step's own lists of steps; `path` leads from the step to the list, as segments of a JSON pointer. */
export type NestedList = { path: readonly (string | number)[]; steps: Step[] }

/** The lists of steps inside a step, in the order the language writes them. */
export function nestedLists(step: Step): NestedList[] {
  switch (step.type) {
    case 'waitFor': {
      const lists: NestedList[] = step.events.map((event, i) => ({
        path: ['events', i, 'steps'],
        steps: event.steps,
      }))
      if (step.onTimeout) lists.push({ path: ['onTimeout'], steps: step.onTimeout })
      if (step.onUntracked) lists.push({ path: ['onUntracked'], steps: step.onUntracked })
      return lists
    }
    case 'branch': {
      const lists: NestedList[] = step.cases.map((way, i) => ({
        path: ['cases', i, 'steps'],
        steps: way.steps,
      }))
      if (step.otherwise) lists.push({ path: ['otherwise'], steps: step.otherwise })
      return lists
    }
    case 'send':
    case 'wait':
    case 'exit':
      return []
    default:
      return step satisfies never
  }
}

/** Every step, a parent before what is nested in it, top to bottom. */
export function* everyStep(steps: readonly Step[]): Generator<Step> {
  for (const step of steps) {
    yield step
    for (const list of nestedLists(step)) yield* everyStep(list.steps)
  }
}

/** The step with this id, or null. */
export function findStep(definition: JourneyDefinition, id: string): Step | null {
  for (const step of everyStep(definition.steps)) if (step.id === id) return step
  return null
}
