/** Enters a step: writes what its effect waits for, or performs it. The caller saves the position. */
import { newId } from '../../db/ids.ts'
import { sendEndsAfter } from '../../domain/delivery/limits.ts'
import type { Answer, Effect, Place } from '../../domain/journey/machineTypes.ts'
import type { Next } from '../../domain/journey/next.ts'
import { machineVersion, type Position } from '../../domain/journey/position.ts'
import type { Advancing } from './advancing.ts'
import { enterWait } from './enterWait.ts'
import { recordStep } from './path.ts'
import { perform } from './perform/index.ts'

export type Entered = {
  position: Position
  /** The answer, or what to do next. Null: not performed yet, because this transaction has done enough. */
  seen: Answer | Next | null
}

/** @param performs whether a step that only needs the database may still be performed in this transaction */
export async function enter(
  advancing: Advancing,
  place: Place,
  effect: Exclude<Effect, { do: 'end' }>,
  performs: boolean,
): Promise<Entered> {
  const { tx, run, now } = advancing
  const at = { ...place, loops: { ...place.loops }, machineVersion } as const
  switch (effect.do) {
    case 'send': {
      // The delivery has its id before it has a row: claim, block and every repetition write under this one.
      const delivery = newId()
      const sendUntil = new Date(Date.parse(now) + sendEndsAfter(effect.expiresMs)).toISOString()
      await recordStep(tx, run, { ...place, at: now, outcome: 'sending', delivery })
      return { position: { ...at, delivery, sendUntil }, seen: { do: 'send', delivery, what: place.step } }
    }
    case 'sleep':
    case 'await': {
      const { wait, seen } = await enterWait(advancing, place, effect)
      return { position: { ...at, wait }, seen }
    }
    case 'perform':
      return { position: at, seen: performs ? await perform(advancing, place) : null }
    default:
      return effect satisfies never
  }
}
