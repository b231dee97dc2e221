/** What the Temporal UI shows beside activities and timers. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { longestDurationMs } from '../../../domain/journey/duration.ts'
import type { Effect } from '../../../domain/journey/machine.ts'
import { type Sending, sameSending } from '../../../domain/journey/signals.ts'
import { summaryOf } from '../../../domain/journey/summaries.ts'

const at = { step: 'opened', visit: 1 }
const day = 86_400_000

describe('a summary', () => {
  it.each([
    [{ type: 'send', ...at, expiresMs: null }, 'send opened'],
    [{ type: 'sleep', ...at, ms: day }, 'wait opened, 1 day'],
    [{ type: 'sleepUntil', ...at }, 'wait opened, until its moment'],
    [{ type: 'await', ...at, timeoutMs: 3 * day }, 'wait opened, 3 days'],
    [{ type: 'evaluate', ...at }, 'branch opened'],
  ] as const)('of %o', (effect, summary) => {
    expect(summaryOf(effect)).toBe(summary)
  })

  it('fits into what Temporal takes, 400 bytes, for any step and duration', () => {
    const step = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/)
    const ms = fc.integer({ min: 1, max: longestDurationMs })
    fc.assert(
      fc.property(step, ms, (id, duration) => {
        const effects: Exclude<Effect, { type: 'end' }>[] = [
          { type: 'sleep', step: id, visit: 1, ms: duration },
          { type: 'await', step: id, visit: 1, timeoutMs: duration },
        ]
        for (const effect of effects) expect(Buffer.byteLength(summaryOf(effect))).toBeLessThan(400)
      }),
    )
  })
})

it('two sendings are the same where step and visit are, or the mail is', () => {
  const sending = fc.oneof(
    fc.record({ step: fc.constantFrom('a', 'b'), visit: fc.integer({ min: 1, max: 2 }) }),
    fc.record({ mail: fc.integer({ min: 1, max: 2 }) }),
  )
  fc.assert(
    fc.property(sending, sending, (a: Sending, b: Sending) => {
      expect(sameSending(a, b)).toBe(JSON.stringify(a) === JSON.stringify(b))
    }),
  )
})
