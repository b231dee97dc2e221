/** What others define and send cannot hold the process up, or end it. */
import { describe, expect, it } from 'vitest'
import { checkCondition } from '../../domain/conditions/check.ts'
import { isJudgedQuickly, payloadProblems, schemaProblem } from '../../domain/triggers/payloadSchema.ts'

const pattern = (text: string) => ({ type: 'object', properties: { a: { type: 'string', pattern: text } } })

describe("a trigger's schema", () => {
  it.each([
    ['a pattern that looks ahead', pattern('^(?=a)b')],
    ['such a pattern for names', { type: 'object', patternProperties: { '^(a)\\1$': {} } }],
    ['a pattern that repeats too much', pattern('(a{30}b{30}){20}')],
    ['an asynchronous schema', { $async: true, type: 'object', required: ['a'] }],
    ['a reference that goes round in a circle', { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } }],
  ])('is refused with %s', (_, schema) => {
    expect(schemaProblem(schema)).not.toBeNull()
  })

  it('takes honest patterns, and no text that is too long for them', () => {
    const schema = pattern('^[A-Z]{2}-\\d+$')
    expect(schemaProblem(schema)).toBeNull()
    expect(payloadProblems(schema, { a: 'AB-17' }, '/payload')).toEqual([])
    expect(payloadProblems(schema, { a: 'AB-x' }, '/payload')).toHaveLength(1)
    const two = {
      ...schema,
      properties: { ...schema.properties, b: { type: 'string', pattern: '^[0-9]+$' } },
    }
    expect(payloadProblems(two, { a: 'AB-17', b: '17' }, '')).toEqual([])
    expect(payloadProblems(two, { a: '17', b: 'AB-17' }, '').map(({ pointer }) => pointer)).toEqual([
      '/a',
      '/b',
    ])
    expect(payloadProblems(schema, { a: `AB-${'1'.repeat(3_997)}` }, '/payload')).toEqual([])
    expect(payloadProblems(schema, { a: `AB-${'1'.repeat(3_998)}` }, '/payload')).toHaveLength(1)
  })

  it('an asynchronous schema that was stored once still refuses what breaks it', () => {
    const schema = { $async: true, type: 'object', required: ['a'] }
    expect(payloadProblems(schema, {}, '/payload')).not.toEqual([])
  })

  it('judges fifty thousand items for being unique in a moment', () => {
    const schema = { type: 'object', properties: { items: { type: 'array', uniqueItems: true } } }
    const items = Array.from({ length: 50_000 }, (_, i) => ({ i }))
    const began = performance.now()
    expect(payloadProblems(schema, { items }, '')).toEqual([])
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(
      payloadProblems(
        schema,
        {
          items: [
            { a: 1, b: [2] },
            { b: [2], a: 1 },
          ],
        },
        '',
      ).map(({ pointer }) => pointer),
    ).toEqual(['/items'])
    expect(payloadProblems(schema, { items: [1, '1', true, 'true', null] }, '')).toEqual([])
  })

  it('names a few faults, not a hundred thousand', () => {
    const payload = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, 'x']))
    const problems = payloadProblems(
      { type: 'object', additionalProperties: { type: 'number' } },
      payload,
      '',
    )
    expect(problems.length).toBeLessThanOrEqual(100)
    expect(problems.length).toBeGreaterThan(0)
  })
})

describe('a condition', () => {
  it.each([
    'trigger.items.all(x, trigger.items.all(y, x != y))',
    'trigger.items.filter(x, trigger.items.exists(y, y == x)).size() > 0',
    'trigger.items.map(x, trigger.items.map(y, [x, y])).size() > 0',
  ])('that walks a list for each item of a list is refused: %s', (text) => {
    expect(checkCondition(text, 'entry')).toMatchObject({ ok: false })
  })

  it.each([
    'trigger.items.all(x, x > 1.0) && trigger.items.exists(x, x > 2.0)',
    'trigger.items.filter(x, x > 1.0).map(x, x + 1.0).exists(x, x > 3.0)',
    'trigger.items.exists(x, x.name == contact.attributes.name)',
  ])('may walk lists one after the other: %s', (text) => {
    expect(checkCondition(text, 'entry')).toEqual({ ok: true })
  })
})

describe('references that double', () => {
  /** Two references to two references to … */
  const doubling = (deep: number) => ({
    $ref: '#/$defs/d0',
    $defs: Object.fromEntries(
      Array.from({ length: deep }, (_, at) => {
        const next = at + 1 === deep ? { type: 'object' } : { $ref: `#/$defs/d${at + 1}` }
        return [`d${at}`, { allOf: [next, next] }]
      }),
    ),
  })

  it('make a schema that is refused, and a few are fine', () => {
    expect(schemaProblem(doubling(40))).toMatch(/longer than 500000 characters/)
    expect(schemaProblem(doubling(6))).toBeNull()
    expect(payloadProblems(doubling(6), {}, '')).toEqual([])
  })

  it('through anchors too', () => {
    const deep = 40
    const schema = {
      $ref: '#d0',
      $defs: Object.fromEntries(
        Array.from({ length: deep }, (_, at) => {
          const next = at + 1 === deep ? {} : { $ref: `#d${at + 1}` }
          return [`d${at}`, { $anchor: `d${at}`, allOf: [next, next] }]
        }),
      ),
    }
    expect(schemaProblem(schema)).toMatch(/longer than 500000 characters/)
  })

  it.each([
    ['by the $id of the schema', { $id: 'http://a.example/b', $ref: 'http://a.example/b#/$defs/d0' }],
    [
      'by the $id of a part',
      { $ref: '#/$defs/d0/$defs/x', properties: { a: { $id: 'part', type: 'object' } } },
    ],
    ['dynamically, elsewhere', { properties: { a: { $dynamicRef: 'other#d0' } } }],
  ])('lead nowhere but into their own schema: not %s', (_, schema) => {
    expect(schemaProblem({ ...schema, $defs: { d0: { $defs: { x: {} } } } })).toMatch(
      /"#"|\$id stands below the root/,
    )
  })

  it('and words of data that look like references are data', () => {
    const schema = { properties: { link: { enum: [{ $ref: 'http://a.example' }, { $id: 'x' }] } } }
    expect(schemaProblem(schema)).toBeNull()
  })

  it('and a tree that refers to itself is a schema like any other, judged beside the process', () => {
    const tree = {
      type: 'object',
      properties: { children: { type: 'array', items: { $ref: '#' } }, name: { type: 'string' } },
    }
    expect(schemaProblem(tree)).toBeNull()
    expect(
      payloadProblems(tree, { children: [{ name: 'a' }, { children: [{ name: 1 }] }] }, ''),
    ).toHaveLength(1)
    expect(isJudgedQuickly(tree, {})).toBe(false)
  })
})

describe('a large payload of faults', () => {
  const schema = {
    type: 'object',
    additionalProperties: { allOf: Array.from({ length: 500 }, (_, i) => ({ type: 'number', minimum: i })) },
  }
  const payload = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, 'x']))

  it('gets its first error, rather than twenty-five million', () => {
    expect(payloadProblems(schema, payload, '')).toHaveLength(1)
    expect(payloadProblems(schema, { a: 'x', b: 'y' }, '').length).toBe(100)
  })

  it('is not judged where others wait', () => {
    expect(isJudgedQuickly(schema, payload)).toBe(false)
    expect(isJudgedQuickly({ type: 'object', properties: { a: { type: 'string' } } }, { a: 'x' })).toBe(true)
  })
})
