/**
 * Looks one step ahead: where an answer leads straight to a send, its consent decision is made in the same local activity and
 * stands in its answer. The way is found by the machine that the workflow itself goes by, so both mean the same send.
 */
import type { Decision, DecisionInput } from '../domain/consent/types.ts'
import { advance, type MachineState, type Outcome } from '../domain/journey/machine.ts'
import { decideDelivery } from '../transactions/deliveries/claimDelivery.ts'
import type { House } from '../transactions/house.ts'
import type { RunEnd } from '../transactions/runs/endRun.ts'

/** Where the run is. */
export type Whereabouts = { journey: string; version: number; state: MachineState }

/** What the consent activity says, for one visit of a send. */
export type DecidedSend = {
  step: string
  visit: number
  input: DecisionInput
  decision: Decision
  ended: RunEnd | null
}

/** @returns null where no send comes next */
export async function decideAhead(
  house: House,
  request: { run: string; now: string } & Whereabouts,
  outcome: Outcome,
): Promise<DecidedSend | null> {
  const { plan } = await house.versions.journey(house.db, request.journey, request.version)
  const [effect] = advance(plan, request.state, outcome).effects
  if (effect?.type !== 'send') return null
  const { step, visit } = effect
  const ref = { kind: 'run' as const, run: request.run, step, visit }
  return { step, visit, ...(await decideDelivery(house, ref, request.now)) }
}
