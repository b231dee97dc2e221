/** Reads the state of what a position waits for: an answer for the machine, or what the workflow does until there is one. */
import { MachineError } from '../../domain/journey/machineError.ts'
import type { Answer, Effect } from '../../domain/journey/machineTypes.ts'
import type { Next } from '../../domain/journey/next.ts'
import type { Position } from '../../domain/journey/position.ts'
import type { Advancing } from './advancing.ts'
import { lookAtSend } from './lookAtSend.ts'
import { lookAtWait } from './lookAtWait.ts'
import { perform } from './perform/index.ts'

/** @param effect of the position's step */
export async function look(advancing: Advancing, position: Position, effect: Effect): Promise<Answer | Next> {
  switch (effect.do) {
    case 'send':
      return lookAtSend(advancing, position)
    case 'sleep':
    case 'await':
      return lookAtWait(advancing, position)
    case 'perform':
      return perform(advancing, position)
    case 'end':
      // A step that ends the run is never the position of an open run.
      throw new MachineError('unfit-position', position.step)
    default:
      return effect satisfies never
  }
}
