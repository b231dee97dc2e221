/** Takes the first case of a branch whose condition holds. */
import type { BranchStep } from '../../../domain/journey/steps/branch.ts'
import type { Advancing } from '../advancing.ts'
import type { Performed } from './index.ts'

export async function takeBranch({ run, bindings }: Advancing, step: BranchStep): Promise<Performed> {
  for (const [way, one] of step.cases.entries()) {
    if (await bindings.holds(one.when, { trigger: run.payload })) return { way, outcome: 'case' }
  }
  return { way: null, outcome: 'otherwise' }
}
