/** Requests with fields that are wrong: the problem document points at each. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { problemShape } from '../../../api/problems.ts'
import { mostErrors } from '../../../domain/refusal.ts'
import { commercial } from '../../harness/fixtures.ts'
import { type Bad, consent, Furnished } from './refused.ts'

let deps: Furnished
beforeAll(async () => {
  deps = await Furnished.start()
})
afterAll(() => deps.assent.stop())

const trigger = (payload: unknown) => ({ contact: { externalId: deps.person.externalId }, payload })

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`no${n}`, n]))

describe('fields that are wrong', () => {
  it.each([
    [
      'a payload that lacks a field of its schema',
      () => ({
        path: '/v1/triggers/order.paid',
        body: trigger({}),
        status: 422,
        pointers: ['/payload/total'],
      }),
    ],
    [
      'a payload of another type',
      () => ({
        path: '/v1/triggers/order.paid',
        body: trigger({ total: -1, lines: ['a', 7] }),
        status: 422,
        pointers: ['/payload/total', '/payload/lines/1'],
      }),
    ],
    [
      'a payload with more than its schema knows',
      () => ({
        path: '/v1/triggers/order.paid',
        body: trigger({ total: 1, other: 2 }),
        status: 422,
        pointers: ['/payload/other'],
      }),
    ],
    [
      'a payload that is no object',
      () => ({ path: '/v1/triggers/order.placed', body: trigger([1]), status: 422, pointers: ['/payload'] }),
    ],
    [
      'an unknown field',
      () => ({
        path: '/v1/triggers/order.placed',
        body: { ...trigger({}), colour: 'red' },
        status: 422,
        pointers: ['/colour'],
      }),
    ],
    [
      'fields of a contact that the trigger may not bring',
      () => ({
        path: '/v1/triggers/order.placed',
        body: { contact: { externalId: 'a', email: 'a@example.com' } },
        status: 422,
        pointers: ['/contact/email'],
      }),
    ],
    [
      'a contact that is no address',
      () => ({
        path: '/v1/triggers/newcomer.seen',
        body: { contact: { email: 'not an address' } },
        status: 422,
        pointers: ['/contact/email'],
      }),
    ],
    [
      'a time that is none',
      () => ({
        path: '/v1/triggers/order.placed',
        body: { ...trigger({}), occurredAt: 'yesterday' },
        status: 422,
        pointers: ['/occurredAt'],
      }),
    ],
    [
      'a time no calendar has',
      () => ({
        path: '/v1/triggers/order.placed',
        body: { ...trigger({}), occurredAt: '2026-02-31T00:00:00Z' },
        status: 422,
        pointers: ['/occurredAt'],
      }),
    ],
    [
      'an opt-in without circumstances or wording',
      () => ({
        path: '/v1/consents',
        body: { ...consent, circumstances: undefined, notice: undefined },
        status: 422,
      }),
    ],
    [
      'an opt-in to everything',
      () => ({
        path: '/v1/consents',
        body: { ...consent, purpose: '*' },
        status: 422,
        pointers: ['/purpose'],
      }),
    ],
    [
      'a statement from the future',
      () => ({
        path: '/v1/consents',
        body: { ...consent, occurredAt: '2999-01-01T00:00:00Z' },
        status: 422,
        pointers: ['/occurredAt'],
      }),
    ],
    [
      'an address of a contact that is none',
      () => ({
        method: 'PUT',
        path: '/v1/contacts/new',
        body: { email: 'a@b@c', phone: 'zero' },
        status: 422,
        pointers: ['/email', '/phone'],
      }),
    ],
    [
      'a page size that is none',
      () => ({ method: 'GET', path: '/v1/runs?limit=many', status: 422, pointers: ['/query/limit'] }),
    ],
    [
      'a page size beyond all bounds',
      () => ({
        method: 'GET',
        path: '/v1/runs?limit=99999999999999999999',
        status: 422,
        pointers: ['/query/limit'],
      }),
    ],
    [
      'a cursor that is none',
      () => ({ method: 'GET', path: '/v1/runs?after=here', status: 422, pointers: ['/query/after'] }),
    ],
    [
      'a state that is none',
      () => ({ method: 'GET', path: '/v1/deliveries?state=lost', status: 422, pointers: ['/query/state'] }),
    ],
    [
      'a scope that is none',
      () => ({
        path: '/v1/keys',
        body: { name: 'x', scopes: ['everything'] },
        status: 422,
        pointers: ['/scopes/0'],
      }),
    ],
    [
      'a commercial message without its footer',
      () => ({
        method: 'PUT',
        path: '/v1/messages/bare',
        body: commercial('Bare', { html: '<p>Hi</p>', text: 'Hi' }),
        status: 422,
      }),
    ],
    [
      'a template that does not parse',
      () => ({
        method: 'PUT',
        path: '/v1/messages/bare',
        body: commercial('Bare', { subject: '{{ contact.' }),
        status: 422,
        pointers: ['/subject'],
      }),
    ],
    [
      'a schema that is none',
      () => ({
        method: 'PUT',
        path: '/v1/trigger-definitions/bad.schema',
        body: { description: 'x', schema: { type: 'thing' } },
        status: 422,
        pointers: ['/schema'],
      }),
    ],
    [
      'a purpose of an unknown profile',
      () => ({
        method: 'PUT',
        path: '/v1/purposes/lost',
        body: { name: 'x', description: 'x', kind: 'commercial', profile: 'none' },
        status: 422,
        pointers: ['/profile'],
      }),
    ],
  ] satisfies [string, () => Bad][])('%s', (_, bad) => deps.refuses(bad()))

  it('a field that is none is pointed at by its escaped name', () =>
    deps.refuses({
      method: 'PUT',
      path: '/v1/contacts/new',
      body: { 'a/b~c': 1 },
      status: 422,
      pointers: ['/a~1b~0c'],
    }))

  it('of very many faults a hundred are named', async () => {
    const reply = await deps.send({ path: '/v1/keys', body: many(20_000), status: 422 })
    expect(reply.status).toBe(422)
    expect(problemShape.parse(reply.body).errors).toHaveLength(mostErrors)
  })
})
