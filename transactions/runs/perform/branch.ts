/** Takes the first case of a branch whose condition holds. The path says which conditions before it could not be evaluated, and why. */
import { Unknowns } from '../../../domain/conditions/judged.ts'
import type { BranchStep } from '../../../domain/journey/steps/branch.ts'
import type { Advancing } from '../advancing.ts'
import type { Performed } from './index.ts'

export async function takeBranch({ run, bindings }: Advancing, step: BranchStep): Promise<Performed> {
  const unknowns = new Unknowns()
  for (const [way, { when }] of step.cases.entries()) {
    const holds = unknowns.note(`case ${way + 1}`, await bindings.judge(when, { trigger: run.payload }))
    if (holds) return { way, outcome: 'case', reason: unknowns.reason }
  }
  return { way: null, outcome: 'otherwise', reason: unknowns.reason }
}
