import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Await,
  awaitedTriggers,
  awaitsOf,
  entryOf,
  exitsOf,
  interactionNames,
  isAwaited,
  type Occurrence,
  onlyOpensOrClicks,
} from '../../../domain/journey/awaits.ts'
import type { JourneyDefinition } from '../../../domain/journey/definition.ts'
import { MachineError } from '../../../domain/journey/machineError.ts'

const journey: JourneyDefinition = {
  key: 'j',
  name: 'J',
  entry: { trigger: 'message.clicked', where: 'event.message == "newsletter"' },
  exit: [{ trigger: 'order.placed', where: 'event.cart == trigger.cart' }, { trigger: 'case.created' }],
  steps: [
    { id: 'mail', type: 'send', message: 'm' },
    {
      id: 'mixed',
      type: 'waitFor',
      timeout: '1 day',
      events: [
        { clicked: 'mail', link: 'shop', steps: [] },
        { trigger: 'order.placed', where: 'event.value > 1', since: 'entry', steps: [] },
        { trigger: 'message.opened', steps: [] },
        { bounced: 'mail', steps: [] },
      ],
      onTimeout: [
        {
          id: 'seen',
          type: 'waitFor',
          timeout: '1 day',
          events: [
            { opened: 'mail', steps: [] },
            { clicked: 'mail', steps: [] },
          ],
        },
      ],
    },
  ],
}

describe('what a journey listens to', () => {
  const none = { where: null, sinceEntry: false, step: null, link: null, humanOnly: false }

  it('is, in a wait, each of its events in order', () => {
    expect(awaitsOf(journey, 'mixed')).toEqual([
      { ...none, index: 0, trigger: 'message.clicked', step: 'mail', link: 'shop', humanOnly: true },
      { ...none, index: 1, trigger: 'order.placed', where: 'event.value > 1', sinceEntry: true },
      { ...none, index: 2, trigger: 'message.opened', humanOnly: true },
      { ...none, index: 3, trigger: 'message.bounced', step: 'mail' },
    ])
  })

  it('also counts what machines did where the journey says so', () => {
    const any: JourneyDefinition = { ...journey, interactions: 'any' }
    expect(awaitsOf(any, 'mixed').some((one) => one.humanOnly)).toBe(false)
    expect(entryOf(any)?.humanOnly).toBe(false)
  })

  it('is its entry and its exits', () => {
    expect(entryOf(journey)).toEqual({
      trigger: 'message.clicked',
      where: 'event.message == "newsletter"',
      humanOnly: true,
    })
    expect(entryOf({ key: 'j', name: 'J', steps: [] })).toBeNull()
    const ofAnyStep = { step: null, link: null, sinceEntry: false }
    expect(exitsOf(journey)).toEqual([
      {
        index: 0,
        trigger: 'order.placed',
        where: 'event.cart == trigger.cart',
        humanOnly: false,
        ...ofAnyStep,
      },
      { index: 1, trigger: 'case.created', where: null, humanOnly: false, ...ofAnyStep },
    ])
  })

  it('is opens and clicks only where nothing else is awaited', () => {
    expect(onlyOpensOrClicks(journey, 'seen')).toBe(true)
    expect(onlyOpensOrClicks(journey, 'mixed')).toBe(false)
  })

  it('is not asked of a step that waits for nothing', () => {
    expect(() => awaitsOf(journey, 'mail')).toThrow(MachineError)
    expect(() => awaitsOf(journey, 'gone')).toThrow(MachineError)
  })
})

describe('an event and an awaited thing', () => {
  const opened: Await = {
    index: 0,
    trigger: 'message.opened',
    where: null,
    sinceEntry: false,
    step: 'mail',
    link: null,
    humanOnly: true,
  }
  const open: Occurrence = { name: 'message.opened', class: 'human', payload: {}, messageStep: 'mail' }
  const click = { ...open, name: 'message.clicked', payload: { link: 'shop', url: 'https://example.com/' } }

  it('a click counts as an opening, an opening not as a click', () => {
    expect(isAwaited(opened, open)).toBe(true)
    expect(isAwaited(opened, click)).toBe(true)
    expect(isAwaited({ ...opened, trigger: 'message.clicked' }, open)).toBe(false)
  })

  it('only of the message of its step, and only where a person did it', () => {
    expect(isAwaited(opened, { ...open, messageStep: 'other' })).toBe(false)
    expect(isAwaited(opened, { ...open, messageStep: null })).toBe(false)
    expect(isAwaited(opened, { ...open, class: 'bot' })).toBe(false)
    expect(isAwaited({ ...opened, humanOnly: false }, { ...open, class: 'bot' })).toBe(true)
  })

  it('a link is named by its id or by its address', () => {
    const clicked = { ...opened, trigger: 'message.clicked' }
    expect(isAwaited({ ...clicked, link: 'shop' }, click)).toBe(true)
    expect(isAwaited({ ...clicked, link: 'https://example.com/' }, click)).toBe(true)
    expect(isAwaited({ ...clicked, link: 'news' }, click)).toBe(false)
  })

  const names = fc.constantFrom('message.opened', 'message.clicked', 'message.bounced', 'order.placed')
  const steps = fc.constantFrom('mail', 'other', null)
  const awaitedThing = fc.record({
    index: fc.nat(5),
    trigger: names,
    where: fc.constant(null),
    sinceEntry: fc.boolean(),
    step: steps,
    link: fc.constantFrom(null, 'shop'),
    humanOnly: fc.boolean(),
  })
  const occurrence = fc.record({
    name: names,
    class: fc.constantFrom('human' as const, 'proxy' as const, 'bot' as const, null),
    payload: fc.constantFrom({}, { link: 'shop' }),
    messageStep: steps,
  })

  it('what the database filters by never hides an event that counts', () => {
    fc.assert(
      fc.property(fc.array(awaitedThing), occurrence, (awaits, event) => {
        for (const awaited of awaits) {
          if (!isAwaited(awaited, event)) continue
          // `concernedWaits` asks for these two, `Past` for the names of an interaction.
          const found = awaitedTriggers(awaits).includes(event.name) || event.messageStep !== null
          expect(found).toBe(true)
          if (awaited.step !== null) expect(interactionNames(awaited.trigger)).toContain(event.name)
        }
      }),
    )
  })
})
