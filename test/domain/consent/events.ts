/** Ledger events for tests of the fold: short to write, complete in every field. */
import type { FoldEvent } from '../../../domain/consent/types.ts'

/** A moment on a day in November: `at(9)` is nine o'clock, `at(9, 30)` half past. */
export function at(hour: number, minute = 0): string {
  return new Date(Date.UTC(2026, 10, 2, hour, minute)).toISOString()
}

/** An event of kind `consent`, recorded when it occurred, with an id made of its sequence. */
export function consent(
  seq: number,
  state: 'opted-in' | 'opted-out',
  purpose: string,
  topic: string | null,
  occurredAt: string,
  more: Partial<FoldEvent> = {},
): FoldEvent {
  return { ...blank(seq, occurredAt), purpose, topic, state, ...more }
}

export function optIn(
  seq: number,
  purpose: string,
  topic: string | null,
  when: string,
  more?: Partial<FoldEvent>,
) {
  return consent(seq, 'opted-in', purpose, topic, when, more)
}

export function optOut(
  seq: number,
  purpose: string,
  topic: string | null,
  when: string,
  more?: Partial<FoldEvent>,
) {
  return consent(seq, 'opted-out', purpose, topic, when, more)
}

export function pending(
  seq: number,
  purpose: string,
  topic: string | null,
  when: string,
  doubleOptIn: string,
): FoldEvent {
  return { ...blank(seq, when), kind: 'pending', purpose, topic, state: null, doubleOptIn }
}

export function pendingEnded(
  seq: number,
  purpose: string,
  topic: string | null,
  when: string,
  doubleOptIn: string,
): FoldEvent {
  return { ...blank(seq, when), kind: 'pending-ended', purpose, topic, state: null, doubleOptIn }
}

export function retraction(seq: number, of: FoldEvent, when: string): FoldEvent {
  const { purpose, topic, id } = of
  return { ...blank(seq, when), kind: 'retraction', purpose, topic, state: null, retracts: id }
}

function blank(seq: number, occurredAt: string): FoldEvent {
  return {
    id: `event-${seq}`,
    seq,
    kind: 'consent',
    purpose: '',
    topic: null,
    state: null,
    occurredAt,
    recordedAt: occurredAt,
    expiresAt: null,
    doubleOptIn: null,
    retracts: null,
  }
}
