import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Strikes } from '../../../domain/limits/strikes.ts'

describe('strikes', () => {
  test('an address waits once it has more than it may, and may again when enough is forgotten', () => {
    const strikes = new Strikes({ burst: 3, perSecond: 0.5 })
    for (let count = 0; count < 3; count++) strikes.add('a', 0)
    expect(strikes.wait('a', 0)).toBe(0)
    strikes.add('a', 0)
    expect(strikes.wait('a', 0)).toBe(2)
    expect(strikes.wait('b', 0)).toBe(0)
    expect(strikes.wait('a', 2)).toBe(0)
  })

  test('further strikes do not lengthen the wait', () => {
    const strikes = new Strikes({ burst: 3, perSecond: 0.5 })
    for (let count = 0; count < 1_000; count++) strikes.add('a', 0)
    expect(strikes.wait('a', 0)).toBe(2)
  })

  test('in any time, an address that heeds the wait has at most its burst, one more, and what is forgotten', () => {
    const steps = fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { maxLength: 200 })
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 20 }), (pauses, burst) => {
        const strikes = new Strikes({ burst, perSecond: 1 })
        let now = 0
        let struck = 0
        for (const pause of pauses) {
          now += pause
          if (strikes.wait('a', now) > 0) continue
          strikes.add('a', now)
          struck += 1
        }
        expect(struck).toBeLessThanOrEqual(burst + 1 + now)
      }),
    )
  })

  test('however many addresses come, only so many are kept, the latest of them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string(), { maxLength: 300 }),
        fc.integer({ min: 1, max: 20 }),
        (addresses, most) => {
          const strikes = new Strikes({ burst: 1, perSecond: 1, most })
          for (const address of addresses) {
            strikes.add(address, 0)
            strikes.add(address, 0)
            expect(strikes.wait(address, 0)).toBe(1)
            expect(strikes.size).toBeLessThanOrEqual(most)
          }
        },
      ),
    )
  })
})
