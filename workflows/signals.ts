/** The signal that both workflows handle. */
import { defineSignal } from '@temporalio/workflow'
import type { Nudge } from '../domain/journey/signals.ts'

/** Something changed in the database: ask again. */
export const nudge = defineSignal<[Nudge]>('nudge')
