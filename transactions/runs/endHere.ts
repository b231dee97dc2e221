/** Ends a run where the machine says that it ends. */
import { findStep } from '../../domain/journey/definition.ts'
import type { Place, RunEnd } from '../../domain/journey/machineTypes.ts'
import type { Next } from '../../domain/journey/next.ts'
import type { Advancing } from './advancing.ts'
import { endRunHere } from './endRun.ts'
import { recordStep } from './path.ts'

export async function endHere(
  { deps, tx, contact, run, definition, now }: Advancing,
  place: Place | null,
  end: RunEnd,
): Promise<Next> {
  await endRunHere(deps, tx, contact, run, { ...end, at: now })
  const step = place === null ? null : findStep(definition, place.step)
  if (place !== null && step?.type === 'exit') {
    const reason = step.reason ?? null
    await recordStep(tx, run, { ...place, at: now, outcome: 'exited', reason })
  }
  return { do: 'end', ...end }
}
