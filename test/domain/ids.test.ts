/** Ids that carry a moment: lists by time are ranges of ids. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { firstIdOf, newId } from '../../db/ids.ts'
import { idShape } from '../../domain/shapes/primitives.ts'

const moment = fc
  .date({
    min: new Date('1970-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  })
  .map((date) => date.toISOString())

it('an id that was made for a moment lies from its first id on, and before that of the next millisecond', () => {
  fc.assert(
    fc.property(moment, (at) => {
      const id = newId(at)
      expect(idShape.safeParse(id).success).toBe(true)
      expect(id >= firstIdOf(at)).toBe(true)
      expect(id < firstIdOf(new Date(Date.parse(at) + 1).toISOString())).toBe(true)
    }),
  )
})

it('ids are in the order of their moments', () => {
  fc.assert(
    fc.property(moment, moment, (a, b) => {
      if (a === b) return
      expect(newId(a) < newId(b)).toBe(a < b)
    }),
  )
})

it('a moment before there were such ids counts as the first', () => {
  expect(firstIdOf('0001-01-01T00:00:00.000Z')).toBe('00000000-0000-7000-8000-000000000000')
})
