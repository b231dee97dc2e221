/** What the workflows may ask for. Thin: each calls one transaction, or the channel. Answers hold ids, codes and times only. */
import type { Decision, DecisionInput } from '../domain/consent/types.ts'
import type { EndState } from '../domain/journey/machine.ts'
import { decideDelivery } from '../transactions/deliveries/claimDelivery.ts'
import { giveUpDelivery } from '../transactions/deliveries/settleDelivery.ts'
import type { DeliveryRef } from '../transactions/deliveries/subject.ts'
import { type RequestStanding, settleDoubleOptIn } from '../transactions/doubleOptIns/settleDoubleOptIn.ts'
import { endRun, type RunEnd } from '../transactions/runs/endRun.ts'
import { type EnterWait, enterWait } from '../transactions/runs/enterWait.ts'
import { type EvaluateBranch, evaluateBranch } from '../transactions/runs/evaluateBranch.ts'
import { type SettleWait, settleWait } from '../transactions/runs/settleWait.ts'
import type { WaitStanding } from '../transactions/runs/waitStanding.ts'
import { answerOf, type DeliverAnswer, type DeliverRequest, deliver, type Means } from './deliver.ts'

export type Activities = {
  /** The consent activity: decides before each send, and records a block at once. */
  decideConsent(request: { ref: DeliveryRef; now: string }): Promise<{
    input: DecisionInput
    decision: Decision
    ended: RunEnd | null
  }>
  /** The delivery activity: decides again at the claim, and hands over. */
  deliver(request: DeliverRequest): Promise<DeliverAnswer>
  /** Ends a delivery that the engine has given up: its step's time to send has passed, or all patience. */
  giveUp(request: { ref: DeliveryRef; expired: boolean; now: string }): Promise<DeliverAnswer>
  enterWait(request: EnterWait): Promise<WaitStanding | { ended: RunEnd }>
  settleWait(request: SettleWait): Promise<WaitStanding | { ended: RunEnd }>
  evaluateBranch(request: EvaluateBranch): Promise<{ case: number | null } | { ended: RunEnd }>
  /** @returns how the run really ended: somebody may have been faster */
  endRun(end: {
    run: string
    state: EndState
    reason: string
    step: string | null
    visit: number | null
    now: string
  }): Promise<RunEnd>
  settleDoubleOptIn(request: { request: string; now: string }): Promise<RequestStanding>
}

export function createActivities(means: Means): Activities {
  const { house } = means
  return {
    decideConsent: ({ ref, now }) => decideDelivery(house, ref, now),
    deliver: (request) => deliver(means, request),
    giveUp: async ({ ref, expired, now }) =>
      answerOf(await giveUpDelivery(house, ref, expired ? 'expired' : 'gave-up', now)),
    enterWait: (request) => enterWait(house, request),
    settleWait: (request) => settleWait(house, request),
    evaluateBranch: (request) => evaluateBranch(house, request),
    endRun: (end) => endRun(house, end),
    settleDoubleOptIn: ({ request, now }) => settleDoubleOptIn(house, request, now),
  }
}
