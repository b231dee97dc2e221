/** What a GET answered may be put back where it still says the same. */
import { expect, it } from 'vitest'
import { type ReadBack, refuseReadBack } from '../../domain/readBack.ts'
import { Refusal } from '../../domain/refusal.ts'

function pointers(member: Omit<ReadBack, 'pointer'>, unchanged: boolean): string[] {
  try {
    refuseReadBack([{ pointer: '/it', ...member }], unchanged)
    return []
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    expect([error.kind, error.code]).toEqual(['invalid', 'read-only'])
    return error.errors.map((one) => one.pointer)
  }
}

const kinds = ['name', 'state', 'part'] as const
const [earlier, present, later] = [
  '2026-11-01T00:00:00.000Z',
  '2026-11-02T00:00:00.000Z',
  '2026-11-03T00:00:00.000Z',
]

it.each(kinds)('a %s that was left out, or is the same, is accepted', (kind) => {
  for (const unchanged of [true, false]) {
    expect(pointers({ kind, said: undefined, stored: 1 }, unchanged)).toEqual([])
    expect(pointers({ kind, said: { a: 1, b: 2 }, stored: { b: 2, a: 1 } }, unchanged)).toEqual([])
    expect(pointers({ kind, said: [{ a: 1 }, { b: 2 }], stored: [{ b: 2 }, { a: 1 }] }, unchanged)).toEqual(
      [],
    )
  }
})

it.each(kinds)('a %s of something that is not there yet is refused', (kind) => {
  expect(pointers({ kind, said: 'a', stored: undefined }, false)).toEqual(['/it'])
})

it('another name is refused, whatever the rest', () => {
  expect(pointers({ kind: 'name', said: 'a', stored: 'b' }, true)).toEqual(['/it'])
})

it('an earlier state is refused where something would change, and accepted from a repetition', () => {
  for (const [said, stored] of [
    [1, 2],
    [earlier, present],
  ]) {
    expect(pointers({ kind: 'state', said, stored }, false)).toEqual(['/it'])
    expect(pointers({ kind: 'state', said, stored }, true)).toEqual([])
  }
})

it('a state that has not been yet is refused', () => {
  expect(pointers({ kind: 'state', said: 3, stored: 2 }, true)).toEqual(['/it'])
  expect(pointers({ kind: 'state', said: later, stored: present }, true)).toEqual(['/it'])
})

it('what is changed elsewhere may differ only where nothing is changed', () => {
  expect(pointers({ kind: 'part', said: ['a'], stored: ['b'] }, true)).toEqual([])
  expect(pointers({ kind: 'part', said: ['a'], stored: ['b'] }, false)).toEqual(['/it'])
})
