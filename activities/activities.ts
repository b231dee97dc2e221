/** What the workflows may ask for. Thin: each calls one transaction, or the channel. Answers hold ids, codes and times only. */
import type { Decision, DecisionInput } from '../domain/consent/types.ts'
import type { EndState } from '../domain/journey/machine.ts'
import { waited } from '../domain/journey/waited.ts'
import { decideDelivery } from '../transactions/deliveries/claimDelivery.ts'
import { giveUpDelivery } from '../transactions/deliveries/settleDelivery.ts'
import type { DeliveryRef } from '../transactions/deliveries/subject.ts'
import { type RequestStanding, settleDoubleOptIn } from '../transactions/doubleOptIns/settleDoubleOptIn.ts'
import type { House } from '../transactions/house.ts'
import { endRun, type RunEnd } from '../transactions/runs/endRun.ts'
import { type EnterWait, enterWait } from '../transactions/runs/enterWait.ts'
import { type EvaluateBranch, evaluateBranch } from '../transactions/runs/evaluateBranch.ts'
import { type SettleWait, settleWait } from '../transactions/runs/settleWait.ts'
import type { WaitStanding } from '../transactions/runs/waitStanding.ts'
import { type DecidedSend, decideAhead, type Whereabouts } from './ahead.ts'
import { answerOf, type DeliverAnswer, type DeliverRequest, deliver, type Means } from './deliver.ts'

/** `decided` where a send comes next. */
export type WaitAnswer = WaitStanding | { ended: RunEnd } | { settled: WaitStanding; decided: DecidedSend }
export type BranchAnswer = { case: number | null; decided?: DecidedSend } | { ended: RunEnd }

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
  enterWait(request: EnterWait & Whereabouts): Promise<WaitAnswer>
  settleWait(request: SettleWait & Whereabouts): Promise<WaitAnswer>
  evaluateBranch(request: EvaluateBranch & Whereabouts): Promise<BranchAnswer>
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
    enterWait: async (request) => afterWait(house, request, await enterWait(house, request)),
    settleWait: async (request) => afterWait(house, request, await settleWait(house, request)),
    evaluateBranch: async (request) => afterBranch(house, request, await evaluateBranch(house, request)),
    endRun: (end) => endRun(house, end),
    settleDoubleOptIn: ({ request, now }) => settleDoubleOptIn(house, request, now),
  }
}

type Visit = { run: string; step: string; visit: number; now: string } & Whereabouts

async function afterWait(
  house: House,
  request: Visit,
  standing: WaitStanding | { ended: RunEnd },
): Promise<WaitAnswer> {
  // Only an answer that moves the run on leads to something.
  if (standing === 'closed' || (typeof standing === 'object' && !('matched' in standing))) return standing
  const { plan } = await house.versions.journey(house.db, request.journey, request.version)
  const decided = await decideAhead(house, request, waited(plan, request.step, request.visit, standing))
  return decided === null ? standing : { settled: standing, decided }
}

async function afterBranch(
  house: House,
  request: Visit,
  answer: { case: number | null } | { ended: RunEnd },
): Promise<BranchAnswer> {
  if ('ended' in answer) return answer
  const { step, visit } = request
  const decided = await decideAhead(house, request, { type: 'evaluated', step, visit, case: answer.case })
  return decided === null ? answer : { ...answer, decided }
}
