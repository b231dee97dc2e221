/** The transition table of a delivery: what is settled stays settled, and nothing that may have left is sent again. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type DeliveryState,
  deliveryStates,
  mayBeWithProvider,
  openStates,
  secondsHeld,
  sendResultOf,
  statesBefore,
  transitions,
} from '../../../domain/delivery/states.ts'

/** Any history of a delivery that the table allows, from before its row. */
const anyHistory: fc.Arbitrary<DeliveryState[]> = fc
  .array(fc.nat(1000), { minLength: 1, maxLength: 25 })
  .map((choices) => {
    const history: DeliveryState[] = []
    let from: DeliveryState | 'none' = 'none'
    for (const choice of choices) {
      const ways: readonly DeliveryState[] = transitions[from]
      const to = ways[choice % Math.max(1, ways.length)]
      if (to === undefined) break
      history.push(to)
      from = to
    }
    return history
  })

const settled = deliveryStates.filter((state) => !openStates.includes(state))

describe('the states of a delivery', () => {
  it('can each be reached, and an open one can always come to a settled one', () => {
    const reached = new Set<DeliveryState>()
    const open: (DeliveryState | 'none')[] = ['none']
    for (let from = open.pop(); from !== undefined; from = open.pop()) {
      for (const to of transitions[from]) {
        if (!reached.has(to)) open.push(to)
        reached.add(to)
      }
    }
    expect([...reached].toSorted()).toEqual([...deliveryStates].toSorted())
    for (const state of openStates) expect(transitions[state].some((to) => settled.includes(to))).toBe(true)
  })

  it('do not open again once the send is over', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const first = history.findIndex((state) => settled.includes(state))
        if (first === -1) return
        for (const state of history.slice(first)) expect(settled).toContain(state)
      }),
    )
  })

  it('never forget a hand-over: the provider refuses it, or it stays what the provider may have (repeated on an idempotent channel only)', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        history.forEach((state, i) => {
          if (state !== 'handed-over') return
          // `held` is the provider's refusal for now; everything else settles the send.
          const next = history[i + 1]
          if (next !== undefined) expect(['held', 'sent', 'failed', 'unknown', 'handed-over']).toContain(next)
        })
        for (const [i, state] of history.entries())
          if (state === 'unknown') expect(history.slice(i + 1)).not.toContain('claimed')
      }),
    )
  })

  it('become `handed-over`, `sent` or `unknown` only after a claim', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const left = history.findIndex(mayBeWithProvider)
        if (left !== -1) expect(history.slice(0, left)).toContain('claimed')
      }),
    )
  })

  it('end for good where nothing was handed over', () => {
    for (const state of ['blocked', 'cancelled', 'expired', 'failed', 'delivered'] as const)
      expect(transitions[state]).toEqual([])
  })

  it('list for each state those before it: the same table, read the other way', () => {
    fc.assert(
      fc.property(fc.constantFrom(...deliveryStates), fc.constantFrom(...deliveryStates), (from, to) => {
        expect(statesBefore(to).includes(from)).toBe(transitions[from].includes(to))
      }),
    )
  })

  it('mean one thing to the run: open, or the result of its send', () => {
    for (const state of openStates) expect(sendResultOf(state)).toBeNull()
    expect(settled.map(sendResultOf)).toEqual([
      'handed-over',
      'handed-over',
      'failed',
      'unknown',
      'blocked',
      'cancelled',
      'expired',
    ])
  })

  it('are held longer each time, up to ten minutes', () => {
    fc.assert(
      fc.property(fc.nat(10_000), (holds) => {
        expect(secondsHeld(holds + 1)).toBeGreaterThanOrEqual(secondsHeld(holds))
        expect(secondsHeld(holds)).toBeLessThanOrEqual(600)
        expect(secondsHeld(holds)).toBeGreaterThanOrEqual(1)
      }),
    )
  })
})
