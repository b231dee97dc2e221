/** Performs the steps that need only the database, by type. To add one, write its file beside this one and list it here. */
import { findStep } from '../../../domain/journey/definition.ts'
import { MachineError } from '../../../domain/journey/machineError.ts'
import type { Answer, Place } from '../../../domain/journey/machineTypes.ts'
import type { Step } from '../../../domain/journey/steps/index.ts'
import type { Advancing } from '../advancing.ts'
import { recordStep } from '../path.ts'
import { takeBranch } from './branch.ts'
import { setAttributes } from './set.ts'

/** What came of a step, as the run's path shows it. `way`: index of the way taken, where there are several. */
export type Performed = { way: number | null; outcome: string; reason?: string | null }

export async function perform(advancing: Advancing, place: Place): Promise<Answer> {
  const { tx, run, definition, now } = advancing
  const step = findStep(definition, place.step)
  if (step === null) throw new MachineError('unknown-step', place.step)
  const { way, outcome, reason = null } = await performed(advancing, step)
  await recordStep(tx, run, { ...place, at: now, outcome, reason, way })
  return { type: 'performed', way }
}

function performed(advancing: Advancing, step: Step): Promise<Performed> {
  switch (step.type) {
    case 'branch':
      return takeBranch(advancing, step)
    case 'set':
      return setAttributes(advancing, step)
    case 'send':
    case 'wait':
    case 'waitFor':
    case 'exit':
      // The position is at a step of a type that waits or ends.
      throw new MachineError('unfit-position', step.id)
    default:
      return step satisfies never
  }
}
