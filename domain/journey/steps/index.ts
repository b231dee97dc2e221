/** Every step type of the language. To add one, write its file beside this one and list it here. */
import { z } from 'zod'
import { MachineError } from '../machineError.ts'
import { type BranchStep, branch, branchShape, type PlanBranch } from './branch.ts'
import { type ExitStep, exit, exitShape, type PlanExit } from './exit.ts'
import { type BoundPlanStep, type BoundStep, bindPlanStep, bindStep } from './kind.ts'
import { defineSteps } from './parts.ts'
import { type PlanSend, type SendStep, send, sendShape } from './send.ts'
import { type PlanSet, type SetStep, set, setShape } from './set.ts'
import { type PlanWait, type WaitStep, wait, waitShape } from './wait.ts'
import { type PlanWaitFor, type WaitForStep, waitFor, waitForShape } from './waitFor.ts'

export type Step = SendStep | WaitStep | WaitForStep | BranchStep | SetStep | ExitStep
export type PlanStep = PlanSend | PlanWait | PlanWaitFor | PlanBranch | PlanSet | PlanExit

export const stepShape: z.ZodType<Step> = z
  .discriminatedUnion('type', [sendShape, waitShape, waitForShape, branchShape, setShape, exitShape])
  .meta({ id: 'Step', description: 'One step; steps run from top to bottom' })
defineSteps(stepShape)

/** A stored journey may have steps that a later version of Assent brought. */
function unknownType(step: never): MachineError {
  const { id } = z.looseObject({ id: z.string().optional() }).parse(step)
  return new MachineError('unknown-step', id ?? null)
}

/** A step with what its type knows of it. */
export function stepOf(step: Step): BoundStep<PlanStep> {
  switch (step.type) {
    case 'send':
      return bindStep(send, step)
    case 'wait':
      return bindStep(wait, step)
    case 'waitFor':
      return bindStep(waitFor, step)
    case 'branch':
      return bindStep(branch, step)
    case 'set':
      return bindStep(set, step)
    case 'exit':
      return bindStep(exit, step)
    default:
      throw unknownType(step)
  }
}

/** A step of a plan with what its type knows of it. */
export function planStepOf(step: PlanStep): BoundPlanStep {
  switch (step.type) {
    case 'send':
      return bindPlanStep(send, step)
    case 'wait':
      return bindPlanStep(wait, step)
    case 'waitFor':
      return bindPlanStep(waitFor, step)
    case 'branch':
      return bindPlanStep(branch, step)
    case 'set':
      return bindPlanStep(set, step)
    case 'exit':
      return bindPlanStep(exit, step)
    default:
      throw unknownType(step)
  }
}
