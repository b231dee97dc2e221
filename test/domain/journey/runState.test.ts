/** The states of a run: it ends once, and nothing but a resume ends a pause. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  endOf,
  movedRun,
  openRunStates,
  type RunState,
  runMoves,
  runStates,
  runTransitions,
} from '../../../domain/journey/runState.ts'

const ended = runStates.filter((state) => !openRunStates.includes(state))
const anyMoves = fc.array(fc.constantFrom(...runMoves), { maxLength: 30 })
const moved = (state: RunState, moves: readonly (typeof runMoves)[number][]) => moves.reduce(movedRun, state)

describe('the states of a run', () => {
  it('are open, or have an end', () => {
    expect(openRunStates).toEqual(['running', 'waiting', 'paused'])
    for (const state of ended) expect(endOf({ state, endReason: 'why' })).toEqual({ state, reason: 'why' })
  })

  it('stay as they are once the run has ended, whatever moves it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ended), anyMoves, (state, moves) => {
        expect(moved(state, moves)).toBe(state)
      }),
    )
  })

  it('keep a pause until a resume, whatever else moves the run', () => {
    fc.assert(
      fc.property(anyMoves, (moves) => {
        const others = moves.filter((move) => move !== 'resumes')
        expect(moved('paused', others)).toBe('paused')
      }),
    )
    expect(movedRun('paused', 'resumes')).toBe('running')
  })

  it('are open after any moves of an open run: only an end ends it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...openRunStates), anyMoves, (state, moves) => {
        expect(openRunStates).toContain(moved(state, moves))
      }),
    )
  })

  it('are where the last move of a run that was never paused says', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('waits' as const, 'goes-on' as const), { minLength: 1 }),
        (moves) => {
          expect(moved('running', moves)).toBe(moves.at(-1) === 'waits' ? 'waiting' : 'running')
        },
      ),
    )
  })

  it('change by no move that leaves them as they are: the table lists changes only', () => {
    for (const move of runMoves)
      for (const [from, to] of Object.entries(runTransitions[move])) expect(to).not.toBe(from)
  })
})
