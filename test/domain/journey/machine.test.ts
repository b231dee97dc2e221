import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { everyStep, type JourneyDefinition } from '../../../domain/journey/definition.ts'
import { begin, step, type Turn } from '../../../domain/journey/machine.ts'
import { MachineError } from '../../../domain/journey/machineError.ts'
import type { Answer, Effect } from '../../../domain/journey/machineTypes.ts'
import { compilePlan, type Plan } from '../../../domain/journey/plan.ts'
import { followedBySend } from '../../../domain/journey/sendsAfter.ts'
import type { Step } from '../../../domain/journey/steps/index.ts'
import { answerTo, anyJourney, frozen } from './journeys.ts'

const choices = fc.infiniteStream(fc.nat(1000))

function planOf(steps: Step[]): Plan {
  return compilePlan({ steps })
}

/** Runs a journey to its end with random answers. @returns its turns, and the answers between them */
function run(definition: JourneyDefinition, choose: () => number): { turns: Turn[]; answers: Answer[] } {
  const plan = frozen(compilePlan(definition))
  const turns = [begin(plan)]
  const answers: Answer[] = []
  for (let count = 0; count < 1000; count++) {
    const turn = turns.at(-1)
    if (turn === undefined || turn.effect.do === 'end') return { turns, answers }
    if (turn.place === null) throw new Error('a run that goes on is somewhere')
    const answer = answerTo(turn, definition, choose())
    answers.push(answer)
    turns.push(step(plan, frozen(turn.place), frozen(answer)))
  }
  throw new Error('the run did not end')
}

/** A second reading of the language: walks the nested definition, knows neither plan nor machine. */
function walked(definition: JourneyDefinition, answers: readonly Answer[]): string[] {
  const path: string[] = []
  const left = [...answers]
  const walk = (steps: readonly Step[]): boolean => steps.every((one) => enter(one))
  const enter = (one: Step): boolean => {
    path.push(one.id)
    if (one.type === 'exit') return stop('exited exit-step')
    const answer = left.shift()
    if (answer?.type === 'sent') {
      const exits = answer.result === 'blocked' && one.type === 'send' && one.onBlocked === 'exit'
      return exits ? stop('exited blocked') : true
    }
    if (answer?.type === 'waited' && answer.result === 'no-moment' && one.type === 'wait') {
      const exits = one.onUnknown ?? (followedBySend(definition.steps).has(one) ? 'exit' : 'continue')
      return exits === 'exit' ? stop('exited no-moment') : true
    }
    if (answer?.type === 'waited' && one.type === 'waitFor') {
      if (answer.result === 'timed-out') return walk(one.onTimeout ?? [])
      if (answer.result === 'untracked') return walk(one.onUntracked ?? [])
      return typeof answer.result === 'object' ? walk(one.events[answer.result.matched]?.steps ?? []) : true
    }
    if (answer?.type === 'performed' && one.type === 'branch') {
      return walk((answer.way === null ? one.otherwise : one.cases[answer.way]?.steps) ?? [])
    }
    return true
  }
  const stop = (how: string): boolean => {
    path.push(how)
    return false
  }
  if (walk(definition.steps)) path.push('completed end-of-steps')
  return path
}

describe('the machine', () => {
  it('takes the same way as a walk over the nested definition, whatever the answers', () => {
    fc.assert(
      fc.property(anyJourney, choices, (definition, stream) => {
        const { turns, answers } = run(definition, () => stream.next().value)
        const path = turns.flatMap(({ place, effect }) => {
          if (effect.do !== 'end') return place === null ? [] : [place.step]
          const end = `${effect.end.state} ${effect.end.reason}`
          return effect.end.reason === 'exit-step' && place !== null ? [place.step, end] : [end]
        })
        expect(path).toEqual(walked(definition, answers))
      }),
      { numRuns: 500 },
    )
  })

  it('ends every run within as many turns as the journey has steps, and counts each visit once', () => {
    fc.assert(
      fc.property(anyJourney, choices, (definition, stream) => {
        const { turns } = run(definition, () => stream.next().value)
        expect(turns.length).toBeLessThanOrEqual([...everyStep(definition.steps)].length + 1)
        const visits = turns.flatMap(({ place, effect }) =>
          place === null || (effect.do === 'end' && effect.end.reason !== 'exit-step') ? [] : [place.visit],
        )
        expect(visits).toEqual(visits.map((_, i) => i + 1))
      }),
      { numRuns: 300 },
    )
  })

  it('continues identically after its place was written as JSON and read back', () => {
    fc.assert(
      fc.property(anyJourney, choices, (definition, stream) => {
        const { turns, answers } = run(definition, () => stream.next().value)
        const plan: Plan = JSON.parse(JSON.stringify(compilePlan(definition)))
        for (const [i, answer] of answers.entries()) {
          const { place } = turns[i] ?? {}
          const next = step(plan, JSON.parse(JSON.stringify(place)), JSON.parse(JSON.stringify(answer)))
          expect(next).toEqual(turns[i + 1])
          expect(JSON.parse(JSON.stringify(next))).toEqual(next)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('completes a journey without steps as it begins', () => {
    expect(begin(planOf([]))).toEqual({
      place: null,
      effect: { do: 'end', end: { state: 'completed', reason: 'end-of-steps' } },
    })
  })

  it.each<[Step, Effect]>([
    [
      { id: 's', type: 'send', message: 'm', expires: '2 hours' },
      { do: 'send', expiresMs: 7_200_000 },
    ],
    [
      { id: 's', type: 'send', message: 'm' },
      { do: 'send', expiresMs: null },
    ],
    [
      { id: 's', type: 'wait', for: 'PT1H' },
      { do: 'sleep', ms: 3_600_000 },
    ],
    [
      { id: 's', type: 'wait', until: 'now' },
      { do: 'sleep', ms: null },
    ],
    [
      { id: 's', type: 'waitFor', timeout: '1 day', events: [] },
      { do: 'await', timeoutMs: 86_400_000 },
    ],
    [{ id: 's', type: 'branch', cases: [] }, { do: 'perform' }],
    [{ id: 's', type: 'set', attributes: { stage: 'new' } }, { do: 'perform' }],
    [
      { id: 's', type: 'exit' },
      { do: 'end', end: { state: 'exited', reason: 'exit-step' } },
    ],
  ])('enters $type with its effect', (one, effect) => {
    expect(begin(planOf([one]))).toEqual({ place: { step: 's', visit: 1, loops: {} }, effect })
  })

  const plan = planOf([
    { id: 'constructor', type: 'send', message: 'm' },
    { id: 'choose', type: 'branch', cases: [{ when: 'true', steps: [] }] },
    { id: 'wait', type: 'waitFor', timeout: '1 day', events: [{ trigger: 'a.b', steps: [] }] },
    { id: 'last', type: 'wait', for: '1 day' },
    { id: 'attributes', type: 'set', attributes: { stage: 'new' } },
    { id: 'out', type: 'exit' },
  ])
  it.each<[string, string, Answer, string]>([
    [
      'of another kind than its effect',
      'constructor',
      { type: 'waited', result: 'elapsed' },
      'wrong-outcome',
    ],
    ['of a wait for events at a sleep', 'last', { type: 'waited', result: 'timed-out' }, 'wrong-outcome'],
    ['of a sleep at a wait for events', 'wait', { type: 'waited', result: 'elapsed' }, 'wrong-outcome'],
    [
      'of a wait for a moment at a wait for events',
      'wait',
      { type: 'waited', result: 'no-moment' },
      'wrong-outcome',
    ],
    ['with a case that is not there', 'choose', { type: 'performed', way: 1 }, 'no-such-way'],
    [
      'with a way out of a step that has one only',
      'attributes',
      { type: 'performed', way: 0 },
      'no-such-way',
    ],
    ['of a send at a set', 'attributes', { type: 'sent', result: 'handed-over' }, 'wrong-outcome'],
    ['with an event that is not there', 'wait', { type: 'waited', result: { matched: 1 } }, 'no-such-way'],
    ['at a step after which nothing comes', 'out', { type: 'performed', way: null }, 'wrong-outcome'],
    ['at a step that the plan does not have', 'toString', { type: 'performed', way: null }, 'unknown-step'],
  ])('refuses an answer %s', (_, at, answer, code) => {
    const take = () => step(plan, { step: at, visit: 1, loops: {} }, answer)
    expect(take).toThrow(MachineError)
    expect(take).toThrow(expect.objectContaining({ code, step: at }))
  })
})
