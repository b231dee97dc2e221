/** What an outcome makes of a delivery. */
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { type AttemptKind, type HandOverOutcome, settlementOf } from '../../../domain/delivery/outcome.ts'
import { mayBeWithProvider, transitions } from '../../../domain/delivery/states.ts'

const answer = { code: 1, text: 'words' }
const outcomes: HandOverOutcome[] = [
  { kind: 'accepted', answer },
  { kind: 'refused', permanent: true, answer },
  { kind: 'refused', permanent: false, answer },
  { kind: 'not-handed-over', cause: 'lost' },
  { kind: 'unknown', cause: 'lost' },
  { kind: 'forestalled' },
]
const first = { repeated: false, idempotent: false }
const stateOf = (outcome: HandOverOutcome, attempt: AttemptKind) =>
  settlementOf(outcome, attempt)?.state ?? null

describe('a first attempt', () => {
  it.each([
    [outcomes[0], 'sent'],
    [outcomes[1], 'failed'],
    [outcomes[2], 'held'],
    [outcomes[3], 'held'],
    [outcomes[4], 'unknown'],
    [outcomes[5], null],
  ] as const)('that ends as %o leaves it %s', (outcome, state) => {
    if (outcome === undefined) throw new Error('there is no such outcome')
    expect(stateOf(outcome, first)).toBe(state)
  })

  it('without an answer is repeated on an idempotent channel only', () => {
    const lost: HandOverOutcome = { kind: 'unknown', cause: 'lost' }
    expect(settlementOf(lost, first)).toMatchObject({ state: 'unknown', again: false })
    expect(settlementOf(lost, { ...first, idempotent: true })).toMatchObject({
      state: 'handed-over',
      again: true,
    })
  })
})

const anyOutcome = fc.constantFrom(...outcomes)
// Only an idempotent channel repeats.
const anyAttempt = fc.constantFrom<AttemptKind>(
  first,
  { repeated: false, idempotent: true },
  { repeated: true, idempotent: true },
)

test('a settled delivery never goes back: only open states are tried again', () => {
  fc.assert(
    fc.property(anyOutcome, anyAttempt, (outcome, attempt) => {
      const settling = settlementOf(outcome, attempt)
      if (settling === null) return
      expect(settling.again).toBe(settling.state === 'held' || settling.state === 'handed-over')
      expect(transitions['handed-over']).toContain(settling.state)
    }),
  )
})

test('what the provider may have is never called held: it stays with the provider until it answers', () => {
  fc.assert(
    fc.property(anyOutcome, (outcome) => {
      const settling = settlementOf(outcome, { repeated: true, idempotent: true })
      if (settling === null || settling.state === 'failed') return
      expect(mayBeWithProvider(settling.state)).toBe(true)
    }),
  )
})

test('a channel that is not idempotent never hands over again what began to flow', () => {
  fc.assert(
    fc.property(anyOutcome, (outcome) => {
      const settling = settlementOf(outcome, first)
      if (outcome.kind === 'unknown' || outcome.kind === 'accepted') expect(settling?.again).toBe(false)
    }),
  )
})
