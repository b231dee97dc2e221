import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { distanceBetween, nearest } from '../../domain/nearest.ts'

const names = ['limit', 'after', 'contact', 'state', 'externalId', 'email', 'providerId']

describe('the nearest known name', () => {
  it.each([
    ['stat', 'state'],
    ['sate', 'state'],
    ['e-mail', 'email'],
    ['external_id', 'externalId'],
    ['EXTERNALID', 'externalId'],
    ['contcat', 'contact'],
    ['contacts', 'contact'],
    ['provider', 'providerId'],
  ])('of %s is %s', (wrong, right) => {
    expect(nearest(wrong, names)).toBe(right)
  })

  it.each(['', 'colour', 'x', '???', 'limit'.repeat(10_000)])('of "%.20s" is none', (wrong) => {
    expect(nearest(wrong, names)).toBeNull()
  })

  it('of a known name is that name', () => {
    fc.assert(fc.property(fc.constantFrom(...names), (name) => nearest(name, names) === name))
  })
})

describe('the distance of two words', () => {
  const word = fc.string({ maxLength: 12 })

  it('is nothing only between a word and itself, and the same both ways', () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(distanceBetween(a, b) === 0).toBe(a === b)
        expect(distanceBetween(a, b)).toBe(distanceBetween(b, a))
      }),
    )
  })

  it('is at least the difference of their lengths, and at most the longer length', () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = distanceBetween(a, b)
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length))
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length))
      }),
    )
  })
})
