/** Which events concern a journey: what starts it, what ends it, and what each `waitFor` waits for. */
import { awaitsOnlyOpensOrClicks, readAwaited } from './awaited.ts'
import { findStep, type JourneyDefinition } from './definition.ts'
import { MachineError } from './machineError.ts'
import type { WaitForStep } from './steps/waitFor.ts'

/** One event a `waitFor` waits for. */
export type Await = {
  /** Its place in the step's `events`. */
  index: number
  /** Name of the trigger; for interactions `message.opened` and its like. */
  trigger: string
  /** CEL that must hold, or null. */
  where: string | null
  /**
   * Whether it counts from the run's entry rather than from the beginning of the wait. Interactions count since the
   * message was sent.
   */
  sinceEntry: boolean
  /** For interactions: the send step whose message it must be about. */
  step: string | null
  /** For clicks: the link that must have been clicked; null for any. */
  link: string | null
  /** Whether only what a person did counts (class `human`), not proxies and bots. */
  humanOnly: boolean
}

/**
 * What a `waitFor` step waits for, in the order of its `events`: the first that matches wins.
 *
 * @throws MachineError unknown-step where the journey version has no such `waitFor`; TypeError for an event that was never checked
 */
export function awaitsOf(definition: JourneyDefinition, stepId: string): Await[] {
  return waitForStep(definition, stepId).events.map((event, index) => {
    const awaited = readAwaited(event)
    if (!awaited) throw new TypeError(`event ${index} of step ${stepId} names no single thing to wait for`)
    if (awaited.kind === 'trigger') {
      const { trigger, where, sinceEntry } = awaited
      return {
        index,
        trigger,
        where,
        sinceEntry,
        step: null,
        link: null,
        humanOnly: humanOnly(definition, trigger),
      }
    }
    const trigger = `message.${awaited.kind}`
    const { step, link } = awaited
    return {
      index,
      trigger,
      where: null,
      sinceEntry: false,
      step,
      link,
      humanOnly: humanOnly(definition, trigger),
    }
  })
}

/**
 * Whether a `waitFor` step waits for nothing but opens and clicks of sent messages, so that without tracking its
 * silence says nothing: then, and only then, a timeout may run `onUntracked`.
 */
export function onlyOpensOrClicks(definition: JourneyDefinition, stepId: string): boolean {
  return awaitsOnlyOpensOrClicks(waitForStep(definition, stepId).events)
}

/** A trigger that starts or ends runs. */
export type Listened = { trigger: string; where: string | null; humanOnly: boolean }

/** What starts a run by itself; null where runs are started over REST only. */
export function entryOf(definition: JourneyDefinition): Listened | null {
  return definition.entry ? listened(definition, definition.entry) : null
}

/** What ends a run, wherever it is; `index` is the place in the definition's `exit`. */
export function exitsOf(definition: JourneyDefinition): Await[] {
  return (definition.exit ?? []).map((exit, index) => ({
    index,
    ...listened(definition, exit),
    sinceEntry: false,
    step: null,
    link: null,
  }))
}

function listened(
  definition: JourneyDefinition,
  { trigger, where }: { trigger: string; where?: string },
): Listened {
  return { trigger, where: where ?? null, humanOnly: humanOnly(definition, trigger) }
}

function humanOnly(definition: JourneyDefinition, trigger: string): boolean {
  return definition.interactions !== 'any' && (trigger === 'message.opened' || trigger === 'message.clicked')
}

function waitForStep(definition: JourneyDefinition, id: string): WaitForStep {
  const step = findStep(definition, id)
  if (step?.type !== 'waitFor') throw new MachineError('unknown-step', id)
  return step
}

/** An event as a wait of one run sees it. */
export type Occurrence = {
  /** Name of the trigger. */
  name: string
  /** Who made an interaction; null for all else. */
  class: 'human' | 'proxy' | 'bot' | null
  payload: Record<string, unknown>
  /** The send step of this run whose newest message the event is about; null where it is about none. */
  messageStep: string | null
}

/** What one event is compared with: all of an `Await` but the moment from which it counts. */
export type Awaitable = Omit<Await, 'sinceEntry'>

/** Whether the event is the awaited thing, its condition and its moment aside. */
export function isAwaited(awaited: Awaitable, event: Occurrence): boolean {
  if (awaited.humanOnly && event.class !== 'human') return false
  if (awaited.step === null) return awaited.trigger === event.name
  if (awaited.step !== event.messageStep) return false
  if (!interactionNames(awaited.trigger).includes(event.name)) return false
  return awaited.link === null || awaited.link === event.payload.link || awaited.link === event.payload.url
}

/** The triggers that count as this interaction: a click also counts as an open, even if the pixel was not loaded. */
export function interactionNames(trigger: string): string[] {
  return trigger === 'message.opened' ? ['message.opened', 'message.clicked'] : [trigger]
}

/** The triggers awaited by name, each once; interactions with the run's own messages are not among them. */
export function awaitedTriggers(awaits: readonly Await[]): string[] {
  return [...new Set(awaits.flatMap(({ step, trigger }) => (step === null ? [trigger] : [])))]
}
