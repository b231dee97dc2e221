import { describe, expect, it } from 'vitest'
import { awaitsOf, entryOf, exitsOf, onlyOpensOrClicks } from '../../../domain/journey/awaits.ts'
import type { JourneyDefinition } from '../../../domain/journey/definition.ts'

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
    expect(exitsOf(journey)).toEqual([
      { index: 0, trigger: 'order.placed', where: 'event.cart == trigger.cart', humanOnly: false },
      { index: 1, trigger: 'case.created', where: null, humanOnly: false },
    ])
  })

  it('is opens and clicks only where nothing else is awaited', () => {
    expect(onlyOpensOrClicks(journey, 'seen')).toBe(true)
    expect(onlyOpensOrClicks(journey, 'mixed')).toBe(false)
  })

  it('is not asked of a step that waits for nothing', () => {
    expect(() => awaitsOf(journey, 'mail')).toThrow(TypeError)
    expect(() => awaitsOf(journey, 'gone')).toThrow(TypeError)
  })
})
