/**
 * What a parked run missed. While a run cannot be read, intake cannot tell which triggers concern it, so it looks back when it is
 * retried: at exits since its last step took effect, when it could be read, and at what its open wait is for.
 *
 * Locks: the contact row and the run row are held.
 */
import type { Db } from '../../db/connect.ts'
import { awaitsOf, exitsOf } from '../../domain/journey/awaits.ts'
import { findStep, type JourneyDefinition } from '../../domain/journey/definition.ts'
import { readPosition } from '../../domain/journey/position.ts'
import type { Deps } from '../deps.ts'
import type { ContactRow, RunRow } from '../locks.ts'
import { tellRunEnds } from '../outcomes.ts'
import { lazyBindings } from './bindings.ts'
import { endRunsIn } from './endRun.ts'
import { openWait } from './lookAtWait.ts'
import { Past } from './pastMatch.ts'
import { settleMatched } from './settleMatched.ts'

type Missed = { deps: Deps; tx: Db; contact: ContactRow; run: RunRow; now: string }

/** @throws MachineError where the run still cannot be read */
export async function lookBack(missed: Missed): Promise<void> {
  const { deps, tx, run } = missed
  const { step } = readPosition(run.position)
  const { definition } = await deps.versions.journey(tx, run.journey, run.version)
  if (!(await exitMissed(missed, definition))) await matchMissed(missed, definition, step)
}

async function exitMissed(
  { deps, tx, contact, run, now }: Missed,
  definition: JourneyDefinition,
): Promise<boolean> {
  const past = new Past(tx, run, exitsOf(definition), 'exit')
  const match = await past.firstMatch(await past.triggers(0), [], lazyBindings(tx, contact, now))
  if (match === null) return false
  const { id, name } = match.event
  const end = { runs: [run.id], state: 'exited', reason: `trigger:${name}`, at: now, event: id } as const
  tellRunEnds(deps, await endRunsIn(tx, end, { why: 'exit', trigger: name, event: id }), end)
  return true
}

async function matchMissed(
  { tx, contact, run, now }: Missed,
  definition: JourneyDefinition,
  step: string,
): Promise<void> {
  const wait = await openWait(tx, run.id)
  if (wait === undefined || findStep(definition, step)?.type !== 'waitFor') return
  const past = new Past(tx, { ...run, markSeq: wait.sinceSeq }, awaitsOf(definition, step))
  const [triggers, interactions] = await Promise.all([past.triggers(0), past.interactions()])
  const match = await past.firstMatch(triggers, interactions, lazyBindings(tx, contact, now))
  if (match !== null) await settleMatched(tx, [{ wait: wait.id, branch: match.branch }], match.event)
}
