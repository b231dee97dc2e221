import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JourneyDefinition, Step } from '../../../domain/journey/definition.ts'
import { everyStep } from '../../../domain/journey/definition.ts'
import type { Advance, Effect, Outcome } from '../../../domain/journey/machine.ts'
import { advance, initialState } from '../../../domain/journey/machine.ts'
import { MachineError } from '../../../domain/journey/machineError.ts'
import { compilePlan } from '../../../domain/journey/plan.ts'
import { answerTo, anyJourney, frozen } from './journeys.ts'

const choices = fc.infiniteStream(fc.nat(1000))

function journey(steps: Step[]): JourneyDefinition {
  return { key: 'j', name: 'J', steps }
}

/** Runs a journey to its end; answers all effects in order. */
function run(definition: JourneyDefinition, choose: () => number): Effect[] {
  const plan = frozen(compilePlan(definition))
  const seen: Effect[] = []
  let { state, effects } = advance(plan, frozen(initialState()), { type: 'begin' })
  for (let turn = 0; turn < 1000; turn++) {
    expect(effects).toHaveLength(1)
    const [effect] = effects
    if (!effect) break
    seen.push(effect)
    if (effect.type === 'end') {
      expect(state.status).toBe('ended')
      expect(state.ended).toEqual({ state: effect.state, reason: effect.reason })
      return seen
    }
    const outcome = frozen(answerTo(effect, definition, choose()))
    ;({ state, effects } = advance(plan, frozen(state), outcome))
  }
  throw new Error('the run did not end')
}

/** A second reading of the language: walks the nested definition, knows neither plan nor machine. */
function walked(definition: JourneyDefinition, outcomes: Outcome[]): string[] {
  const path: string[] = []
  const left = [...outcomes]
  const walk = (steps: readonly Step[]): boolean => steps.every((step) => enter(step))
  const enter = (step: Step): boolean => {
    path.push(step.id)
    if (step.type === 'exit') return stop('exited exit-step')
    const outcome = left.shift()
    if (outcome?.type === 'delivered') {
      if (outcome.result === 'blocked' && step.type === 'send' && step.onBlocked === 'exit')
        return stop('exited blocked')
      return true
    }
    if (outcome?.type === 'settled' && step.type === 'waitFor') {
      if (outcome.result === 'timed-out') return walk(step.onTimeout ?? [])
      if (outcome.result === 'untracked') return walk(step.onUntracked ?? [])
      return typeof outcome.result === 'object'
        ? walk(step.events[outcome.result.matched]?.steps ?? [])
        : true
    }
    if (outcome?.type === 'evaluated' && step.type === 'branch') {
      return walk((outcome.case === null ? step.otherwise : step.cases[outcome.case]?.steps) ?? [])
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
  it('takes the same way as a walk over the nested definition, whatever the outcomes', () => {
    fc.assert(
      fc.property(anyJourney, choices, (definition, stream) => {
        const outcomes: Outcome[] = []
        const plan = compilePlan(definition)
        const path: string[] = []
        let { state, effects } = advance(plan, initialState(), { type: 'begin' })
        let effect = effects[0]
        while (effect && effect.type !== 'end') {
          path.push(effect.step)
          const outcome = answerTo(effect, definition, stream.next().value)
          outcomes.push(outcome)
          ;({ state, effects } = advance(plan, state, outcome))
          effect = effects[0]
        }
        if (state.ended?.reason === 'exit-step' && state.at !== null) path.push(state.at)
        path.push(`${state.ended?.state} ${state.ended?.reason}`)
        expect(path).toEqual(walked(definition, outcomes))
      }),
      { numRuns: 500 },
    )
  })

  it('ends every run within as many steps as the journey has, and asks one effect a visit', () => {
    fc.assert(
      fc.property(anyJourney, choices, (definition, stream) => {
        const effects = run(definition, () => stream.next().value)
        const count = [...everyStep(definition.steps)].length
        expect(effects.length).toBeLessThanOrEqual(count + 1)
        const visits = effects.map((effect) =>
          effect.type === 'end' ? 'end' : `${effect.step}#${effect.visit}`,
        )
        expect(new Set(visits).size).toBe(visits.length)
      }),
      { numRuns: 300 },
    )
  })

  it('goes on alike after its state was written as JSON and read back', () => {
    fc.assert(
      fc.property(anyJourney, choices, (definition, stream) => {
        const plan = compilePlan(definition)
        const read: typeof plan = JSON.parse(JSON.stringify(plan))
        let one: Advance = advance(plan, initialState(), { type: 'begin' })
        let effect = one.effects[0]
        while (effect && effect.type !== 'end') {
          const outcome = answerTo(effect, definition, stream.next().value)
          const other = advance(
            read,
            JSON.parse(JSON.stringify(one.state)),
            JSON.parse(JSON.stringify(outcome)),
          )
          one = advance(plan, one.state, outcome)
          expect(other).toEqual(one)
          expect(JSON.parse(JSON.stringify(one))).toEqual(one)
          effect = one.effects[0]
        }
      }),
      { numRuns: 200 },
    )
  })

  it('stops anywhere at once, keeps where it was, and ignores the late answer and a second stop', () => {
    const stop: Outcome = { type: 'stop', state: 'cancelled', reason: 'asked' }
    fc.assert(
      fc.property(anyJourney, choices, fc.nat(12), (definition, stream, turns) => {
        const plan = frozen(compilePlan(definition))
        let { state, effects } = advance(plan, initialState(), { type: 'begin' })
        for (let i = 0; i < turns && effects[0] && effects[0].type !== 'end'; i++) {
          ;({ state, effects } = advance(plan, state, answerTo(effects[0], definition, stream.next().value)))
        }
        const pending = effects[0]
        if (!pending || pending.type === 'end') {
          expect(advance(plan, state, stop)).toEqual({ state, effects: [] })
          return
        }
        const stopped = advance(plan, frozen(state), stop)
        expect(stopped.effects).toEqual([
          { type: 'end', state: 'cancelled', reason: 'asked', step: state.at },
        ])
        expect(stopped.state).toEqual({
          ...state,
          status: 'ended',
          ended: { state: 'cancelled', reason: 'asked' },
        })
        const late = advance(plan, frozen(stopped.state), answerTo(pending, definition, stream.next().value))
        expect(late).toEqual({ state: stopped.state, effects: [] })
        const again = advance(plan, stopped.state, { type: 'stop', state: 'exited', reason: 'other' })
        expect(again).toEqual({ state: stopped.state, effects: [] })
      }),
      { numRuns: 300 },
    )
  })

  it('stops before it has begun, and does not begin then', () => {
    const plan = compilePlan(journey([{ id: 'a', type: 'send', message: 'm' }]))
    const stopped = advance(plan, initialState(), { type: 'stop', state: 'exited', reason: 'exit-trigger' })
    expect(stopped.effects).toEqual([{ type: 'end', state: 'exited', reason: 'exit-trigger', step: null }])
    expect(advance(plan, stopped.state, { type: 'begin' })).toEqual({ state: stopped.state, effects: [] })
  })

  it('completes a journey without steps as it begins', () => {
    expect(advance(compilePlan(journey([])), initialState(), { type: 'begin' }).effects).toEqual([
      { type: 'end', state: 'completed', reason: 'end-of-steps', step: null },
    ])
  })

  it('waits on when its wait was closed, for the stop that is on its way', () => {
    const plan = compilePlan(
      journey([
        { id: 'w', type: 'waitFor', timeout: '1 day', events: [{ trigger: 'order.placed', steps: [] }] },
      ]),
    )
    const { state } = advance(plan, initialState(), { type: 'begin' })
    expect(advance(plan, state, { type: 'settled', step: 'w', visit: 1, result: 'closed' })).toEqual({
      state,
      effects: [],
    })
  })

  it('says what each step asks for', () => {
    const effectOf = (step: Step) =>
      advance(compilePlan(journey([step])), initialState(), { type: 'begin' }).effects
    expect(effectOf({ id: 's', type: 'send', message: 'm', expires: '2 hours' })).toEqual([
      { type: 'send', step: 's', visit: 1, expiresMs: 7_200_000 },
    ])
    expect(effectOf({ id: 's', type: 'wait', for: 'PT1H' })).toEqual([
      { type: 'sleep', step: 's', visit: 1, ms: 3_600_000 },
    ])
    expect(effectOf({ id: 's', type: 'wait', until: 'now' })).toEqual([
      { type: 'sleepUntil', step: 's', visit: 1 },
    ])
    expect(effectOf({ id: 's', type: 'waitFor', timeout: '1 day', events: [] })).toEqual([
      { type: 'await', step: 's', visit: 1, timeoutMs: 86_400_000 },
    ])
    expect(effectOf({ id: 's', type: 'branch', cases: [] })).toEqual([
      { type: 'evaluate', step: 's', visit: 1 },
    ])
    expect(effectOf({ id: 's', type: 'exit' })).toEqual([
      { type: 'end', state: 'exited', reason: 'exit-step', step: 's' },
    ])
  })

  const three = journey([
    { id: 'constructor', type: 'send', message: 'm' },
    { id: 'choose', type: 'branch', cases: [{ when: 'true', steps: [] }] },
    { id: 'last', type: 'wait', for: '1 day' },
  ])
  it.each<[string, Outcome[], string]>([
    ['begins twice', [{ type: 'begin' }, { type: 'begin' }], 'already-begun'],
    ['answers before it began', [{ type: 'slept', step: 'last', visit: 1 }], 'not-begun'],
    [
      'answers for another step',
      [{ type: 'begin' }, { type: 'slept', step: 'last', visit: 1 }],
      'wrong-step',
    ],
    [
      'answers for another visit',
      [{ type: 'begin' }, { type: 'delivered', step: 'constructor', visit: 2, result: 'handed-over' }],
      'wrong-visit',
    ],
    [
      'answers what was not asked',
      [{ type: 'begin' }, { type: 'slept', step: 'constructor', visit: 1 }],
      'wrong-outcome',
    ],
    [
      'chooses a way that is not there',
      [
        { type: 'begin' },
        { type: 'delivered', step: 'constructor', visit: 1, result: 'handed-over' },
        { type: 'evaluated', step: 'choose', visit: 1, case: 1 },
      ],
      'no-such-way',
    ],
    [
      'answers a step it had left when it was stopped',
      [
        { type: 'begin' },
        { type: 'delivered', step: 'constructor', visit: 1, result: 'handed-over' },
        { type: 'stop', state: 'cancelled', reason: 'asked' },
        { type: 'delivered', step: 'constructor', visit: 1, result: 'handed-over' },
      ],
      'wrong-step',
    ],
  ])('refuses whoever %s', (_, outcomes, code) => {
    const plan = compilePlan(three)
    const take = () =>
      outcomes.reduce((state, outcome) => advance(plan, state, outcome).state, initialState())
    expect(take).toThrow(MachineError)
    expect(take).toThrow(expect.objectContaining({ code }))
  })
})
