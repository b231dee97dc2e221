import { describe, expect, it } from 'vitest'
import { type Answer, type Delivered, outcomeOf, waitOf } from '../../../domain/journey/answers.ts'
import { compilePlan } from '../../../domain/journey/plan.ts'

const plan = compilePlan({
  key: 'j',
  name: 'J',
  steps: [
    { id: 'ask', type: 'waitFor', timeout: '1 day', events: [{ trigger: 'order.placed', steps: [] }] },
    { id: 'pause', type: 'wait', for: '1 hour' },
  ],
})
const at = { step: 'ask', visit: 2 }
const ended = { state: 'cancelled', reason: 'cancelled' } as const
const stop = { type: 'stop', state: 'cancelled', reason: 'cancelled' }
const allow = { decision: { verdict: 'allow' as const }, ended: null }
const block = { decision: { verdict: 'block' as const }, ended: null }

describe('what an answer means to the machine', () => {
  it.each<[string, Answer | Delivered, unknown]>([
    ['a message that may leave has not left', { to: 'send', ...at, decided: allow }, null],
    [
      'a message that may not is blocked',
      { to: 'send', ...at, decided: block },
      { type: 'delivered', ...at, result: 'blocked' },
    ],
    ['the end of a run counts before an allow', { to: 'send', ...at, decided: { ...allow, ended } }, stop],
    ['the end of a run counts before a block', { to: 'send', ...at, decided: { ...block, ended } }, stop],
    [
      'what became of a message is its outcome',
      { to: 'delivery', ...at, delivered: { result: 'unknown', ended: null } },
      { type: 'delivered', ...at, result: 'unknown' },
    ],
    [
      'the end of a run counts before what became of its message',
      { to: 'delivery', ...at, delivered: { result: 'cancelled', ended } },
      stop,
    ],
    ['an open wait stays', { to: 'wait', ...at, standing: { wait: 'w', until: 'then' } }, null],
    ['a closed wait moves nothing', { to: 'wait', ...at, standing: 'closed' }, null],
    ['the end of a run ends its wait', { to: 'wait', ...at, standing: { ended } }, stop],
    [
      'a matched event settles',
      { to: 'wait', ...at, standing: { matched: 3 } },
      { type: 'settled', ...at, result: { matched: 3 } },
    ],
    [
      'a timeout settles',
      { to: 'wait', ...at, standing: 'timed-out' },
      { type: 'settled', ...at, result: 'timed-out' },
    ],
    [
      'silence that says nothing settles',
      { to: 'wait', ...at, standing: 'untracked' },
      { type: 'settled', ...at, result: 'untracked' },
    ],
    [
      'a plain wait whose time has come was slept',
      { to: 'wait', step: 'pause', visit: 1, standing: 'timed-out' },
      { type: 'slept', step: 'pause', visit: 1 },
    ],
    [
      'the first case is a way',
      { to: 'branch', ...at, taken: { case: 0 } },
      { type: 'evaluated', ...at, case: 0 },
    ],
    [
      'no case is a way, too',
      { to: 'branch', ...at, taken: { case: null } },
      { type: 'evaluated', ...at, case: null },
    ],
    ['the end of a run ends a branch', { to: 'branch', ...at, taken: { ended } }, stop],
    ['after the end comes nothing', { to: 'end', ...at, ended }, null],
  ])('%s', (_, answer, outcome) => {
    expect(outcomeOf(plan, answer)).toEqual(outcome)
  })

  it.each([
    ['cancelled', 'cancelled'],
    ['failed', 'failed'],
    ['exited', 'exited'],
    // Somebody else's end of a run that is still on its way is an exit, whatever they call it.
    ['completed', 'exited'],
  ] as const)('a run that has %s meanwhile stops as %s', (state, as) => {
    const answer: Answer = { to: 'branch', ...at, taken: { ended: { state, reason: 'r' } } }
    expect(outcomeOf(plan, answer)).toEqual({ type: 'stop', state: as, reason: 'r' })
  })
})

it('entering a wait is told its length, where the definition has no moment for it', () => {
  expect(waitOf({ type: 'await', ...at, timeoutMs: 5 })).toEqual({ kind: 'events', ms: 5 })
  expect(waitOf({ type: 'sleep', ...at, ms: 7 })).toEqual({ kind: 'sleep', ms: 7 })
  expect(waitOf({ type: 'sleepUntil', ...at })).toEqual({ kind: 'sleep', ms: null })
})
