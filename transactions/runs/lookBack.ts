/**
 * What a parked run missed. While a run cannot be read, intake cannot tell which triggers concern it, so it looks back when it is
 * retried: at exits since its last step took effect, when it could be read, and at what its open wait is for.
 *
 * Locks: none of its own.
 */
import type { Db } from '../../db/connect.ts'
import { pipelined } from '../../db/pipelined.ts'
import { awaitsOf, exitsOf } from '../../domain/journey/awaits.ts'
import { findStep, type JourneyDefinition } from '../../domain/journey/definition.ts'
import { readPosition } from '../../domain/journey/position.ts'
import type { Deps } from '../deps.ts'
import { changed, type LockedContact, type LockedRun } from '../locks.ts'
import { tellRunEnds } from '../outcomes.ts'
import { lazyBindings } from './bindings.ts'
import { endRunsIn } from './endRun.ts'
import { openWait } from './lookAtWait.ts'
import { Past } from './pastMatch.ts'
import { settleMatched } from './settleMatched.ts'

type Missed = { deps: Deps; tx: Db; contact: LockedContact; run: LockedRun; now: string }

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
  const past = new Past(run, exitsOf(definition), 'exit')
  const triggers = (await past.triggers(0)?.run(tx)) ?? []
  const match = await past.firstMatch(tx, triggers, [], lazyBindings(tx, contact, now))
  if (match === null) return false
  const { id, name } = match.event
  const end = { runs: [run.id], state: 'exited', reason: `trigger:${name}`, at: now, event: id } as const
  tellRunEnds(deps, await endRunsIn(tx, contact, end, { why: 'exit', trigger: name, event: id }), end)
  return true
}

async function matchMissed(
  { tx, contact, run, now }: Missed,
  definition: JourneyDefinition,
  step: string,
): Promise<void> {
  const wait = await openWait(tx, run.id)
  if (wait === undefined || findStep(definition, step)?.type !== 'waitFor') return
  const past = new Past(changed(tx, run, { markSeq: wait.sinceSeq }), awaitsOf(definition, step))
  const [triggers, interactions] = await pipelined(tx, [past.triggers(0), past.interactions()])
  const match = await past.firstMatch(tx, triggers ?? [], interactions ?? [], lazyBindings(tx, contact, now))
  if (match !== null)
    await settleMatched(tx, contact, [{ wait: wait.id, run: run.id, branch: match.branch }], match.event)
}
