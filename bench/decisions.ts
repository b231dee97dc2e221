/** Decisions a second on one core: the pure function over inputs that take each of its ways. */
import { decide } from '../domain/consent/decide.ts'
import type { DecisionInput, Standing } from '../domain/consent/types.ts'
import type { Amounts } from './options.ts'
import { type Reached, reached, shown } from './rounds.ts'

export async function measureDecisions(amounts: Amounts, say: (line: string) => void): Promise<Reached> {
  const inputs = someInputs()
  const figures: number[] = []
  for (let round = 0; round <= amounts.rounds; round++) {
    const figure = decisionsPerSecond(inputs, amounts.decisions)
    say(
      `${round === 0 ? 'warm-up' : `round ${round} of ${amounts.rounds}`}: ${shown(figure)} decisions a second`,
    )
    if (round > 0) figures.push(figure)
    // Lets other work of this process run between rounds, not during them.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return reached(figures)
}

function decisionsPerSecond(inputs: readonly DecisionInput[], count: number): number {
  let allowed = 0
  const began = performance.now()
  for (let index = 0; index < count; ) {
    for (const input of inputs) {
      if (decide(input).verdict === 'allow') allowed++
      index++
    }
  }
  const seconds = (performance.now() - began) / 1_000
  // Uses the result, so that the engine cannot optimise the work away.
  if (allowed === 0) throw new Error('nothing was allowed')
  return count / seconds
}

function someInputs(): DecisionInput[] {
  const none: Standing = { state: 'none', by: null, since: null, events: [], expiresAt: null, pending: false }
  const since = '2026-01-01T08:00:00.000Z'
  const optedIn: Standing = { ...none, state: 'opted-in', by: 'own', since, events: ['e-1'] }
  const optedOut: Standing = { ...none, state: 'opted-out', by: 'own', since, events: ['e-2'] }
  const expiring: Standing = { ...optedIn, expiresAt: '2027-01-01T00:00:00.000Z', events: ['e-3'] }
  const base: DecisionInput = {
    policyVersion: 1,
    now: '2026-06-01T12:00:00.000Z',
    channel: { key: 'email', known: true },
    contactPoint: { id: 'p-1', seq: 3 },
    purpose: {
      key: 'marketing',
      known: true,
      version: 1,
      profile: 'default',
      kind: 'commercial',
      enforcement: 'restrictive',
    },
    topic: { key: 'newsletter', known: true },
    standing: { purpose: none, topic: optedIn },
    suppressions: [],
    tracking: {
      messageAllows: true,
      profileVersion: 1,
      purpose: { key: 'statistics', known: true, enforcement: 'non-restrictive', kind: 'tracking' },
      default: 'track',
      standing: none,
    },
  }
  return [
    base,
    { ...base, standing: { purpose: none, topic: none } },
    { ...base, standing: { purpose: optedOut, topic: { ...optedOut, by: 'purpose' } } },
    { ...base, standing: { purpose: none, topic: expiring } },
    { ...base, topic: null, standing: { purpose: optedIn, topic: null } },
    { ...base, suppressions: [{ id: 's-1', kind: 'complained' }] },
    { ...base, purpose: { key: 'marketing', known: false } },
    { ...base, tracking: { ...base.tracking, standing: optedOut } },
  ]
}
