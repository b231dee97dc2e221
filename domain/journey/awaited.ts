/** One event that a `waitFor` awaits, as it is written: a trigger, or an interaction with a message sent before. */
import { z } from 'zod'
import type { RefusalCode } from '../refusal.ts'
import { coded, textShape, triggerNameShape } from '../shapes/primitives.ts'
import { stepIdShape, stepsShape, whereShape } from './steps/parts.ts'

/** What a contact did with a sent message, in the order in which the language lists them. */
export const interactions = ['opened', 'clicked', 'delivered', 'bounced', 'replied'] as const
export type Interaction = (typeof interactions)[number]

const sentStepShape = (what: string) =>
  stepIdShape.exactOptional().meta({ description: `Id of the send step whose message is ${what}` })

export const awaitedShape = z
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
    link: textShape(2000).exactOptional().meta({
      description:
        'With `clicked`: the id of the link, or its URL as written in the message; left out: any link',
    }),
    steps: stepsShape,
  })
  .superRefine((event, context) => {
    const awaited = readAwaited(event)
    const refuse = (path: string[], code: RefusalCode, message: string) =>
      context.addIssue({ code: 'custom', path, ...coded(code, message) })
    if (!awaited)
      return refuse(
        [],
        'one-of-these',
        'Name exactly one of "trigger", "opened", "clicked", "delivered", "bounced", "replied".',
      )
    if (event.link !== undefined && awaited.kind !== 'clicked')
      refuse(['link'], 'not-allowed-here', '"link" goes with "clicked" only.')
    if (awaited.kind === 'trigger') return
    if (event.where !== undefined) refuse(['where'], 'not-allowed-here', '"where" goes with "trigger" only.')
    if (event.since !== undefined) refuse(['since'], 'not-allowed-here', '"since" goes with "trigger" only.')
  })
  .meta({
    id: 'AwaitedEvent',
    description: 'Exactly one of a trigger and an interaction with a sent message',
  })

export interface AwaitedEvent extends z.output<typeof awaitedShape> {}

/** An awaited event, its kinds told apart. */
export type Awaited =
  | { kind: 'trigger'; trigger: string; where: string | null; sinceEntry: boolean }
  | { kind: Interaction; step: string; link: string | null }

/** Null where the event names none or several of `trigger` and the interactions: such a definition was never checked. */
export function readAwaited(event: Omit<AwaitedEvent, 'steps'>): Awaited | null {
  const named = interactions.filter((one) => event[one] !== undefined)
  if (event.trigger !== undefined) {
    if (named.length > 0) return null
    const { trigger, where, since } = event
    return { kind: 'trigger', trigger, where: where ?? null, sinceEntry: since === 'entry' }
  }
  const [kind] = named
  const step = kind === undefined ? undefined : event[kind]
  if (kind === undefined || step === undefined || named.length > 1) return null
  return { kind, step, link: event.link ?? null }
}

/** Whether nothing but opens and clicks is awaited: then, and only then, the silence of an untracked message means nothing. */
export function awaitsOnlyOpensOrClicks(events: readonly AwaitedEvent[]): boolean {
  return events.every((event) => {
    const kind = readAwaited(event)?.kind
    return kind === 'opened' || kind === 'clicked'
  })
}
