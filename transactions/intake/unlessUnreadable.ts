/** One run that cannot be read must not keep its contact's other runs from their triggers. */
import { MachineError } from '../../domain/journey/machineError.ts'
import { parkRun } from '../runs/park.ts'
import type { Happening } from './happening.ts'

/**
 * What the event means for this run, or null where the run cannot be read: then it is parked. Retrying it looks back at what it missed
 * (`transactions/runs/lookBack.ts`).
 */
export async function unlessUnreadable<T>(
  { deps, tx }: Pick<Happening, 'deps' | 'tx'>,
  run: string,
  work: () => Promise<T>,
): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof MachineError)) throw error
    await parkRun(deps, tx, run, error)
    return null
  }
}
