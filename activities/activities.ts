/**
 * What the workflows may ask for. Thin: each calls one transaction, or the channel, and goes on from there as far as it can
 * (`ahead.ts`), where it was told where the run is. Answers hold ids, codes and times only.
 */
import type { RunEnd, WaitStanding } from '../domain/journey/answers.ts'
import type { EndState } from '../domain/journey/machine.ts'
import { point } from '../points.ts'
import { decideDelivery } from '../transactions/deliveries/claimDelivery.ts'
import { giveUpDelivery } from '../transactions/deliveries/settleDelivery.ts'
import type { DeliveryRef } from '../transactions/deliveries/subject.ts'
import { type RequestStanding, settleDoubleOptIn } from '../transactions/doubleOptIns/settleDoubleOptIn.ts'
import { endRun } from '../transactions/runs/endRun.ts'
import { type EnterWait, enterWait } from '../transactions/runs/enterWait.ts'
import { type EvaluateBranch, evaluateBranch } from '../transactions/runs/evaluateBranch.ts'
import { type SettleWait, settleWait } from '../transactions/runs/settleWait.ts'
import { andOn, type Decided, type Said, type Whereabouts } from './ahead.ts'
import { alive, answerOf, type DeliverAnswer, type DeliverRequest, deliver, type Means } from './deliver.ts'

/** Without `from` the answer comes alone, as it does for a double opt-in, and did for runs of former versions. */
type From = { from?: Whereabouts }
type Maybe<T> = T | Said<T>

export type Activities = {
  /** The consent activity: decides before each send, and records a block at once. */
  decideConsent(request: { ref: DeliveryRef; now: string } & From): Promise<Maybe<Decided>>
  /**
   * The delivery activity: decides again at the claim, and hands over. It goes on only where the run's clock is the real one: it
   * may end days after it was asked, and waits are entered by the clock of then.
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
      if (ref.kind !== 'run') return decided
      const { run, step, visit } = ref
      return andOn(house, { run, now, from }, decided, { to: 'send', step, visit, decided })
    },
    deliver: ({ from, ...request }) =>
      alive(async () => {
        const { ref, now } = request
        const delivered = await deliver(means, request)
        if (ref.kind !== 'run' || from?.clock !== 'real') return delivered
        const { run, step, visit } = ref
        const meaning = { to: 'delivery' as const, step, visit, delivered }
        const said = await andOn(house, { run, now, from }, delivered, meaning)
        await point('deliver:gone-on')
        return said
      }),
    giveUp: async ({ ref, expired, now }) =>
      answerOf(await giveUpDelivery(house, ref, expired ? 'expired' : 'gave-up', now)),
    enterWait: async ({ from, ...request }) => {
      const { step, visit } = request
      const standing = await enterWait(house, request)
      return andOn(house, { ...request, from }, standing, { to: 'wait', step, visit, standing })
    },
    settleWait: async ({ from, ...request }) => {
      const { step, visit } = request
      const standing = await settleWait(house, request)
      return andOn(house, { ...request, from }, standing, { to: 'wait', step, visit, standing })
    },
    evaluateBranch: async ({ from, ...request }) => {
      const { step, visit } = request
      const taken = await evaluateBranch(house, request)
      return andOn(house, { ...request, from }, taken, { to: 'branch', step, visit, taken })
    },
    endRun: (end) => endRun(house, end),
    settleDoubleOptIn: ({ request, now }) => settleDoubleOptIn(house, request, now),
  }
}
