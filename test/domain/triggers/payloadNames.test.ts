/** A schema speaks of what a payload was sent, not of what every object inherits. */
import { expect, it } from 'vitest'
import { payloadProblems } from '../../../domain/triggers/payloadSchema.ts'

it.each(['constructor', 'toString'])('"%s" is required and missing', (name) => {
  const schema = { type: 'object', required: [name] }
  expect(payloadProblems(schema, {}, '/payload')).toMatchObject([{ pointer: `/payload/${name}` }])
  expect(payloadProblems(schema, { [name]: 1 }, '/payload')).toEqual([])
})

it.each(['constructor', 'toString'])('"%s" that was not sent has no type to be wrong', (name) => {
  const schema = { type: 'object', properties: { [name]: { type: 'string' } } }
  expect(payloadProblems(schema, {}, '/payload')).toEqual([])
  expect(payloadProblems(schema, { [name]: 7 }, '/payload')).toMatchObject([{ pointer: `/payload/${name}` }])
})
