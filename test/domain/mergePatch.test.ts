/** JSON merge patch, by the examples of RFC 7396 (Appendix A) and by what holds for any two JSON values. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mergePatch } from '../../domain/mergePatch.ts'

describe('the examples of the RFC', () => {
  it.each<[target: unknown, patch: unknown, result: unknown]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j patched by %j is %j', (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result)
  })
})

it('names that every object inherits are names like others', () => {
  expect(mergePatch({}, { constructor: { a: 1 } })).toEqual({ constructor: { a: 1 } })
  const patched = mergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}'))
  expect(Object.getPrototypeOf(patched)).toBe(Object.prototype)
  expect(JSON.stringify(patched)).toBe('{"__proto__":{"polluted":true}}')
})

it('a patch applied again changes nothing, and what it does not name stays', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.dictionary(fc.string(), fc.jsonValue()),
      (target, patch) => {
        const before = JSON.stringify(target)
        const once = mergePatch(target, patch)
        expect(mergePatch(once, patch)).toEqual(once)
        expect(JSON.stringify(target)).toBe(before)
        const kept = Object.entries(target).filter(([name]) => !Object.hasOwn(patch, name))
        expect(Object.entries(Object(once))).toEqual(expect.arrayContaining(kept))
        const taken = Object.entries(patch).filter(([, value]) => value === null)
        for (const [name] of taken) expect(Object.hasOwn(Object(once), name)).toBe(false)
      },
    ),
  )
})
