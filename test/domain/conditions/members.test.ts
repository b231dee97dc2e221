/** Members whose names every object inherits are read like any other. */
import { describe, expect, it } from 'vitest'
import { evaluateCondition } from '../../../domain/conditions/evaluate.ts'

const holds = (condition: string, attributes: Record<string, unknown>) =>
  evaluateCondition(condition, {
    contact: { attributes },
    trigger: {},
    event: { lines: [attributes] },
    consent: {},
    now: new Date(),
  })

const names = ['constructor', 'toString', 'valueOf', 'hasOwnProperty']

describe.each(names)('an attribute named "%s"', (name) => {
  it('is read by conditions, also deep inside', () => {
    expect(holds(`contact.attributes.${name} == "x"`, { [name]: 'x' })).toEqual({ ok: true, value: true })
    expect(holds(`contact.attributes.car["${name}"] == 1`, { car: { [name]: 1 } })).toEqual({
      ok: true,
      value: true,
    })
    expect(holds(`event.lines[0].${name} == "x"`, { [name]: 'x' })).toEqual({ ok: true, value: true })
  })

  it('keeps no condition from reading those beside it', () => {
    const attributes = { [name]: 'x', plan: 'gold', tags: ['a'] }
    expect(holds('contact.attributes.plan == "gold"', attributes)).toEqual({ ok: true, value: true })
    expect(holds('"a" in contact.attributes.tags', attributes)).toEqual({ ok: true, value: true })
    expect(holds('has(contact.attributes.colour)', attributes)).toEqual({ ok: true, value: false })
  })

  it('is missing if the data does not have it', () => {
    expect(holds(`has(contact.attributes.${name})`, {})).toEqual({ ok: true, value: false })
    expect(holds(`contact.attributes.${name} == "x"`, {})).toMatchObject({ ok: false })
  })
})
