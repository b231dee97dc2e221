/** The signals that both workflows take. */
import { defineSignal } from '@temporalio/workflow'
import type { Held, Nudge } from '../domain/journey/signals.ts'

/** Something changed in the database: ask again. */
export const nudge = defineSignal<[Nudge]>('nudge')

/** From the delivery activity, for the current details only: the message is held, and why. */
export const held = defineSignal<[Held]>('held')
