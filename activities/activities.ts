/**
 * What the workflows may ask for. Thin: each calls one transaction, or the channel, and goes on from there as far as it can
 * (`ahead.ts`), where it was told where the run is. Answers hold ids, codes and times only.
 */
import { type Answer, outcomeOf, type RunEnd, stopped, type WaitStanding } from '../domain/journey/answers.ts'
import type { EndState } from '../domain/journey/machine.ts'
import { point } from '../points.ts'
import { decideDelivery } from '../transactions/deliveries/claimDelivery.ts'
import { giveUpDelivery } from '../transactions/deliveries/settleDelivery.ts'
import type { DeliveryRef } from '../transactions/deliveries/subject.ts'
import { type RequestStanding, settleDoubleOptIn } from '../transactions/doubleOptIns/settleDoubleOptIn.ts'
import type { House } from '../transactions/house.ts'
import { endRun } from '../transactions/runs/endRun.ts'
import { type EnterWait, enterWait } from '../transactions/runs/enterWait.ts'
import { type EvaluateBranch, evaluateBranch } from '../transactions/runs/evaluateBranch.ts'
import { type SettleWait, settleWait } from '../transactions/runs/settleWait.ts'
import { type Decided, goOn, type Said, type Whereabouts } from './ahead.ts'
import { answerOf, type DeliverAnswer, type DeliverRequest, deliver, type Means } from './deliver.ts'

/** Without `from` the answer comes alone, as it does for a double opt-in, and did for runs of former versions. */
type From = { from?: Whereabouts }
type Maybe<T> = T | Said<T>

export type Activities = {
  /** The consent activity: decides before each send, and records a block at once. */
  decideConsent(request: { ref: DeliveryRef; now: string } & From): Promise<Maybe<Decided>>
  /**
   * The delivery activity: decides again at the claim, and hands over. `from` only where the run's clock is the real one: the
   * answer may come days after the question, and waits are entered by the clock of then.
   */
  deliver(request: DeliverRequest & From): Promise<Maybe<DeliverAnswer>>
  /** Ends a delivery that the engine has given up: its step's time to send has passed, or all patience. */
  giveUp(request: { ref: DeliveryRef; expired: boolean; now: string }): Promise<DeliverAnswer>
  enterWait(request: EnterWait & From): Promise<Maybe<WaitStanding | { ended: RunEnd }>>
  settleWait(request: SettleWait & From): Promise<Maybe<WaitStanding | { ended: RunEnd }>>
  evaluateBranch(request: EvaluateBranch & From): Promise<Maybe<{ case: number | null } | { ended: RunEnd }>>
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
    decideConsent: async ({ ref, now, from }) => {
      const decided = await decideDelivery(house, ref, now)
      if (ref.kind !== 'run' || from === undefined) return decided
      const { run, step, visit } = ref
      return said(house, { run, now, from }, decided, { to: 'send', step, visit, decided })
    },
    deliver: async ({ from, ...request }) => {
      const { ref } = request
      const answer = await deliver(means, request)
      if (ref.kind !== 'run' || from === undefined) return answer
      const { step, visit } = ref
      const outcome =
        answer.ended === null
          ? { type: 'delivered' as const, step, visit, result: answer.result }
          : stopped(answer.ended)
      const now = new Date().toISOString()
      const ahead = await goOn(house, { run: ref.run, now, from }, outcome)
      await point('deliver:gone-on')
      return { answer, ahead }
    },
    giveUp: async ({ ref, expired, now }) =>
      answerOf(await giveUpDelivery(house, ref, expired ? 'expired' : 'gave-up', now)),
    enterWait: async ({ from, ...request }) => {
      const standing = await enterWait(house, request)
      if (from === undefined) return standing
      const { run, step, visit, now } = request
      return said(house, { run, now, from }, standing, { to: 'wait', step, visit, standing })
    },
    settleWait: async ({ from, ...request }) => {
      const standing = await settleWait(house, request)
      if (from === undefined) return standing
      const { run, step, visit, now } = request
      return said(house, { run, now, from }, standing, { to: 'wait', step, visit, standing })
    },
    evaluateBranch: async ({ from, ...request }) => {
      const taken = await evaluateBranch(house, request)
      if (from === undefined) return taken
      const { run, step, visit, now } = request
      return said(house, { run, now, from }, taken, { to: 'branch', step, visit, taken })
    },
    endRun: (end) => endRun(house, end),
    settleDoubleOptIn: ({ request, now }) => settleDoubleOptIn(house, request, now),
  }
}

/** The answer, and those after it. */
async function said<T>(
  house: House,
  request: { run: string; now: string; from: Whereabouts },
  answer: T,
  meaning: Answer,
): Promise<Said<T>> {
  const { journey, version } = request.from
  const { plan } = await house.versions.journey(house.db, journey, version)
  return { answer, ahead: await goOn(house, request, outcomeOf(plan, meaning)) }
}
