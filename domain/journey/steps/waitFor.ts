/** `waitFor`: waits for the first of several events, at most for a time. */
import { z } from 'zod'
import {
  type AwaitedEvent,
  awaitedShape,
  awaitsOnlyOpensOrClicks,
  type Interaction,
  readAwaited,
} from '../awaited.ts'
import { parseDuration } from '../duration.ts'
import { checkCount, checkDuration, checkListener, type Place } from '../findings.ts'
import { MachineError } from '../machineError.ts'
import type { Target, WaitResult } from '../machineTypes.ts'
import { anyOf, type NestedList, type Round, type StepKind } from './kind.ts'
import { durationShape, mostWays, stepIdShape, stepsShape } from './parts.ts'

export const waitForShape = z
  .strictObject({
    id: stepIdShape,
    type: z.literal('waitFor'),
    events: z.array(awaitedShape).min(1).max(mostWays).meta({ description: 'The first that matches wins' }),
    timeout: durationShape.meta({ description: 'How long at most' }),
    onTimeout: stepsShape
      .exactOptional()
      .meta({ description: 'Run when nothing matched in time; left out: go on below' }),
    onUntracked: stepsShape.exactOptional().meta({
      description:
        'Run in place of `onTimeout` where only opens or clicks are awaited and the message was not tracked; left out: go on below',
    }),
  })
  .meta({ id: 'WaitForStep', description: 'Waits for the first of several events' })

export interface WaitForStep extends z.output<typeof waitForShape> {}

export type PlanWaitFor = {
  type: 'waitFor'
  timeoutMs: number
  /** Where each awaited event leads, in the order of the definition's `events`. */
  branches: Target[]
  onTimeout: Target
  onUntracked: Target
  /** What comes below. */
  next: Target
}

export const waitFor: StepKind<WaitForStep, PlanWaitFor> = {
  lists: (step) => {
    const lists: NestedList[] = step.events.map(({ steps }, i) => ({ path: ['events', i, 'steps'], steps }))
    if (step.onTimeout) lists.push({ path: ['onTimeout'], steps: step.onTimeout })
    if (step.onUntracked) lists.push({ path: ['onUntracked'], steps: step.onUntracked })
    return lists
  },
  compile: (step, { next, way }) => ({
    type: 'waitFor',
    timeoutMs: parseDuration(step.timeout),
    branches: step.events.map((event) => way(event.steps)),
    onTimeout: way(step.onTimeout),
    onUntracked: way(step.onUntracked),
    next,
  }),
  check,
  sentAfter: (step, { way }) => {
    const out = [...step.events.map((event) => way(event.steps)), way(step.onTimeout)]
    // Elsewhere a timeout never counts as untracked.
    if (awaitsOnlyOpensOrClicks(step.events)) out.push(way(step.onUntracked))
    return anyOf(out)
  },
  draw: (step, pen) => {
    pen.node('hexagon', `wait at most ${step.timeout} for`)
    for (const event of step.events) pen.way(event.steps, eventLabel(event))
    pen.way(step.onTimeout, 'nothing in time')
    if (step.onUntracked || awaitsOnlyOpensOrClicks(step.events)) pen.way(step.onUntracked, 'not tracked')
  },
  enter: ({ timeoutMs }) => ({ do: 'await', timeoutMs }),
  leave: (plan, answer, step) => {
    if (answer.type !== 'waited') throw new MachineError('wrong-outcome', step)
    return { to: targetOf(plan, answer.result, step) }
  },
}

function targetOf(plan: PlanWaitFor, result: WaitResult, step: string): Target {
  switch (result) {
    case 'timed-out':
      return plan.onTimeout
    case 'untracked':
      return plan.onUntracked
    case 'elapsed':
    case 'no-moment':
      throw new MachineError('wrong-outcome', step)
    default: {
      const to = plan.branches[result.matched]
      if (to === undefined) throw new MachineError('no-such-way', step)
      return to
    }
  }
}

function check(step: WaitForStep, at: Place, round: Round): void {
  checkDuration(step.timeout, [...at, 'timeout'], round.findings)
  checkCount(step.events.length, mostWays, [...at, 'events'], 'A waitFor awaits', round.findings)
  step.events.forEach((event, i) => {
    checkEvent(event, [...at, 'events', i], round)
  })
  if (step.onUntracked?.length && !awaitsOnlyOpensOrClicks(step.events)) {
    round.findings.error(
      [...at, 'onUntracked'],
      'unreachable-step',
      'These steps never run: "events" also names others than opens and clicks. Remove "onUntracked".',
    )
  }
}

function checkEvent(event: AwaitedEvent, at: Place, round: Round): void {
  const { findings, world } = round
  const awaited = readAwaited(event)
  if (!awaited) {
    findings.error(
      at,
      'one-of-these',
      'Name exactly one of "trigger", "opened", "clicked", "delivered", "bounced", "replied".',
    )
    return
  }
  if (awaited.kind !== 'clicked' && event.link !== undefined)
    findings.error([...at, 'link'], 'not-allowed-here', '"link" goes with "clicked" only.')
  if (awaited.kind === 'trigger') {
    const { trigger, where } = awaited
    checkListener({ trigger, ...(where !== null && { where }) }, at, 'wait', world, findings)
    return
  }
  for (const field of ['where', 'since'] as const) {
    if (event[field] !== undefined)
      findings.error([...at, field], 'not-allowed-here', `"${field}" goes with "trigger" only.`)
  }
  checkInteraction(awaited.kind, awaited.step, [...at, awaited.kind], round)
  if (awaited.kind === 'clicked' && event.link !== undefined) {
    checkLink(event.link, awaited.step, [...at, 'link'], round)
  }
}

/** A click may be awaited by the link's name, by its number (`link-2`), or by its address, which only the rendering knows. */
function checkLink(link: string, id: string, at: Place, { steps, world, findings }: Round): void {
  const target = steps.get(id)
  const facts = target?.type === 'send' ? world.message(target.message) : null
  const names = facts?.linkNames ?? null
  if (names === null || names.includes(link) || /^link-\d+$/.test(link) || /^https?:/i.test(link)) return
  const message = target?.type === 'send' ? target.message : id
  findings.warning(at, 'unknown-link-name', `The message "${message}" has no link "${link}".`)
}

/** What is awaited of a message must be about a message that can have been sent by then. */
function checkInteraction(kind: Interaction, id: string, at: Place, round: Round): void {
  const target = round.steps.get(id)
  if (!target) {
    round.findings.error(at, 'unknown-step', `There is no step "${id}".`)
    return
  }
  if (target.type !== 'send') {
    round.findings.error(
      at,
      'unknown-step',
      `The step "${id}" sends nothing: its type is ${target.type}. Name a step of type send.`,
    )
    return
  }
  if (round.sentBefore && !round.sentBefore.has(id)) {
    round.findings.error(
      at,
      'step-not-sent-yet',
      `The message of step "${id}" cannot have been sent before this wait. Move the wait behind it.`,
    )
    return
  }
  if ((kind === 'opened' || kind === 'clicked') && round.world.message(target.message)?.tracking === false) {
    round.findings.warning(
      at,
      'tracking-off',
      `This never happens: the message "${target.message}" has "tracking": false.`,
    )
  }
}

function eventLabel(event: AwaitedEvent): string {
  const awaited = readAwaited(event)
  if (!awaited) return '?'
  if (awaited.kind === 'trigger')
    return awaited.where === null ? awaited.trigger : `${awaited.trigger} where ${awaited.where}`
  return awaited.link === null
    ? `${awaited.step} ${awaited.kind}`
    : `${awaited.step} ${awaited.kind}: ${awaited.link}`
}
