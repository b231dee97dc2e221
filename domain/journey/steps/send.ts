/** `send`: decides, claims and hands over one message. */
import { z } from 'zod'
import { keyShape } from '../../shapes/primitives.ts'
import { parseDuration } from '../duration.ts'
import { checkDuration, type Place } from '../findings.ts'
import { MachineError } from '../machineError.ts'
import type { Target } from '../machineTypes.ts'
import type { MessageFacts } from '../world.ts'
import type { Round, StepKind } from './kind.ts'
import { durationShape, stepIdShape } from './parts.ts'

export const sendShape = z
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
    expires: durationShape
      .exactOptional()
      .meta({ description: 'Duration after which a message held back is not sent any more' }),
  })
  .meta({ id: 'SendStep', description: 'Decides, claims and hands over one message' })

export interface SendStep extends z.output<typeof sendShape> {}

export type PlanSend = {
  type: 'send'
  onBlocked: 'continue' | 'exit'
  /** Milliseconds for which a held message stays worth sending; null: no end of its own. */
  expiresMs: number | null
  next: Target
}

/** A message that failed, expired, was cancelled or is unknown does not end the run; a blocked one may. */
export const send: StepKind<SendStep, PlanSend> = {
  lists: () => [],
  compile: (step, { next }) => ({
    type: 'send',
    onBlocked: step.onBlocked ?? 'continue',
    expiresMs: step.expires === undefined ? null : parseDuration(step.expires),
    next,
  }),
  check,
  sentAfter: (step, { sent }) => new Set([...sent, step.id]),
  draw: (step, pen) => {
    pen.node('box', `send ${step.message}`)
    pen.next()
    if (step.onBlocked === 'exit') pen.exits('blocked')
  },
  enter: ({ expiresMs }) => ({ do: 'send', expiresMs }),
  leave: ({ onBlocked, next }, answer, step) => {
    if (answer.type !== 'sent') throw new MachineError('wrong-outcome', step)
    return answer.result === 'blocked' && onBlocked === 'exit'
      ? { end: { state: 'exited', reason: 'blocked' } }
      : { to: next }
  },
}

function check(step: SendStep, at: Place, { profile, world, findings }: Round): void {
  if (step.expires !== undefined) checkDuration(step.expires, [...at, 'expires'], findings)
  const place = [...at, 'message']
  const facts = world.message(step.message)
  if (!facts) {
    findings.error(place, 'unknown-message', `There is no message "${step.message}".`)
    return
  }
  if (facts.purposeKind === 'tracking') {
    findings.error(
      place,
      'wrong-purpose',
      `The message "${step.message}" has the tracking purpose "${facts.purpose}", and tracking purposes send nothing.`,
    )
  }
  if (facts.purposeKind === 'commercial' && !facts.linksPreferences) {
    findings.error(
      place,
      'missing-footer',
      `The message "${step.message}" is commercial and must link the preference centre.`,
    )
  }
  for (const wrong of facts.unknownVariables ?? []) {
    findings.warning(place, 'unknown-variable', `Message "${step.message}", ${wrong}`)
  }
  if (profile !== undefined && world.profile(profile) && facts.profile !== profile) {
    findings.warning(
      place,
      'profile-differs',
      `The message "${step.message}" belongs to the profile "${facts.profile}", the journey to "${profile}".`,
    )
  }
  if (facts.purposeKind === 'commercial' && facts.enforcement === 'restrictive' && !facts.pathToConsent) {
    findings.warning(
      place,
      'no-way-to-opt-in',
      `Nobody can opt in to ${named(facts)} on ${facts.channel}, so the message will be blocked.`,
    )
  }
}

function named({ purpose, topic }: MessageFacts): string {
  return topic === null ? `"${purpose}"` : `"${purpose}", topic "${topic}",`
}
