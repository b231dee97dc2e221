/** `branch`: takes the first of several ways whose condition holds. */
import { z } from 'zod'
import { checkCondition, checkCount } from '../findings.ts'
import { MachineError } from '../machineError.ts'
import type { Target } from '../machineTypes.ts'
import { anyOf, type StepKind } from './kind.ts'
import { conditionShape, mostWays, stepIdShape, stepsShape } from './parts.ts'

export const branchShape = z
  .strictObject({
    id: stepIdShape,
    type: z.literal('branch'),
    cases: z
      .array(
        z.strictObject({ when: conditionShape('`contact`, `trigger`, `consent`, `now`'), steps: stepsShape }),
      )
      .min(1)
      .max(mostWays)
      .meta({ description: 'The first case that holds is taken' }),
    otherwise: stepsShape
      .exactOptional()
      .meta({ description: 'Run when no case holds; left out: go on below' }),
  })
  .meta({ id: 'BranchStep', description: 'Takes one of several ways' })

export interface BranchStep extends z.output<typeof branchShape> {}

export type PlanBranch = {
  type: 'branch'
  /** Where each case leads, in the order of the definition's `cases`. */
  cases: Target[]
  otherwise: Target
  /** What comes below. */
  next: Target
}

export const branch: StepKind<BranchStep, PlanBranch> = {
  lists: (step) => [
    ...step.cases.map(({ steps }, i) => ({ path: ['cases', i, 'steps'], steps })),
    ...(step.otherwise ? [{ path: ['otherwise'], steps: step.otherwise }] : []),
  ],
  compile: (step, { next, way }) => ({
    type: 'branch',
    cases: step.cases.map((one) => way(one.steps)),
    otherwise: way(step.otherwise),
    next,
  }),
  check: (step, at, { world, findings }) => {
    checkCount(step.cases.length, mostWays, [...at, 'cases'], 'A branch has', findings)
    step.cases.forEach((one, i) => {
      checkCondition(one.when, [...at, 'cases', i, 'when'], 'branch', world, findings)
    })
  },
  sentAfter: (step, { way }) => anyOf([...step.cases.map((one) => way(one.steps)), way(step.otherwise)]),
  draw: (step, pen) => {
    pen.node('diamond', step.id)
    for (const one of step.cases) pen.way(one.steps, one.when)
    pen.way(step.otherwise, 'otherwise')
  },
  enter: () => ({ do: 'perform' }),
  leave: ({ cases, otherwise }, answer, step) => {
    if (answer.type !== 'performed') throw new MachineError('wrong-outcome', step)
    if (answer.way === null) return { to: otherwise }
    const to = cases[answer.way]
    if (to === undefined) throw new MachineError('no-such-way', step)
    return { to }
  },
}
