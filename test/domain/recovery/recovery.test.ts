/** The rules of recovery: how often, whose act a close was, whether the engine changed, in which order all runs are looked at. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mostRecoveries, pauseAfter } from '../../../domain/recovery/backoff.ts'
import { hasChanged } from '../../../domain/recovery/epoch.ts'
import { standingOf } from '../../../domain/recovery/execution.ts'
import { advanceSweep, beginSweep, phases } from '../../../domain/recovery/sweep.ts'

describe('the pause after a recovery', () => {
  it('grows from a minute to a day', () => {
    const minutes = Array.from({ length: mostRecoveries }, (_, made) => pauseAfter(made) / 60_000)
    expect(minutes).toEqual([1, 3, 9, 27, 81, 243, 729, 1440])
  })

  it('never shrinks, and is never more than a day', () => {
    fc.assert(
      fc.property(fc.nat(), (made) => {
        expect(pauseAfter(made + 1)).toBeGreaterThanOrEqual(pauseAfter(made))
        expect(pauseAfter(made)).toBeLessThanOrEqual(86_400_000)
      }),
    )
  })
})

describe('an execution', () => {
  it.each([
    ['is unknown to the engine', null, 'gone'],
    ['failed', { status: 'FAILED', terminatedBy: null }, 'gone'],
    ['timed out', { status: 'TIMED_OUT', terminatedBy: null }, 'gone'],
    ['completed, though its row is open', { status: 'COMPLETED', terminatedBy: null }, 'gone'],
    ['runs', { status: 'RUNNING', terminatedBy: null }, 'runs'],
    ['goes on in another', { status: 'CONTINUED_AS_NEW', terminatedBy: null }, 'runs'],
    ['is in a state of a later server', { status: 'PAUSED', terminatedBy: null }, 'runs'],
    ['was cancelled', { status: 'CANCELLED', terminatedBy: null }, 'person'],
    ['was terminated from the UI without logins', { status: 'TERMINATED', terminatedBy: '' }, 'person'],
    ['was terminated from the command line', { status: 'TERMINATED', terminatedBy: 'cli:me@desk' }, 'person'],
    ['hit a limit of the server', { status: 'TERMINATED', terminatedBy: 'history-service' }, 'gone'],
    ['was replaced by a reset', { status: 'TERMINATED', terminatedBy: 'history-resetter' }, 'gone'],
    ['was terminated by us', { status: 'TERMINATED', terminatedBy: 'assent@host:1' }, 'gone'],
    ['was terminated by a neighbour', { status: 'TERMINATED', terminatedBy: 'assentor' }, 'person'],
  ] as const)('that %s', (_, execution, standing) => {
    expect(standingOf(execution)).toBe(standing)
  })
})

describe('the engine', () => {
  it.each([
    ['is seen for the first time', { namespace: null, generation: 0 }, true],
    ['is the same', { namespace: 'a', generation: 5 }, false],
    ['has counted on', { namespace: 'a', generation: 4 }, false],
    ['was put back', { namespace: 'a', generation: 6 }, true],
    ['is another', { namespace: 'b', generation: 1 }, true],
  ])('that %s', (_, known, changed) => {
    expect(hasChanged(known, { namespace: 'a', generation: 5 })).toBe(changed)
  })
})

it('a sweep passes every phase once, in their order, whatever the pages hold, and ends', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3), { minLength: phases.length, maxLength: phases.length }), (pages) => {
      const passed: string[] = []
      let left = [...pages]
      let sweep = advanceSweep(beginSweep('2026-11-24T10:00:00.000Z'), 0, null)
      passed.push(phases[0])
      left = left.slice(1)
      while (sweep !== null) {
        const [now = 0, ...rest] = left
        if (passed.at(-1) !== sweep.phase) passed.push(sweep.phase)
        left = now === 0 ? rest : [now - 1, ...rest]
        sweep = advanceSweep(sweep, 1, now === 0 ? null : ['a', 'b'])
      }
      expect(passed).toEqual(phases)
    }),
  )
})
