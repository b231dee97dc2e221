/** A run under its locks, while a transaction advances it. */
import type { Db } from '../../db/connect.ts'
import type { JourneyDefinition } from '../../domain/journey/definition.ts'
import type { Plan } from '../../domain/journey/plan.ts'
import type { Deps } from '../deps.ts'
import { changed, type LockedContact, type LockedRun } from '../locks.ts'
import type { Bindings } from './bindings.ts'

export type Advancing = {
  deps: Deps
  tx: Db
  /** Its lock guards the run's waits and the contact's events. */
  contact: LockedContact
  /** As it was when its lock was taken; its mark is kept up to date (`moveMark`). */
  run: LockedRun
  definition: JourneyDefinition
  plan: Plan
  /** The run's clock, RFC 3339. */
  now: string
  bindings: Bindings
}

/** Events up to this sequence are past for the waits that follow. The caller writes the same to the row. */
export function moveMark(advancing: Advancing, seq: number): void {
  const { tx, run } = advancing
  advancing.run = changed(tx, run, { markSeq: Math.max(run.markSeq, seq) })
}
