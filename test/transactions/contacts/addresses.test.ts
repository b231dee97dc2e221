/** An opt-out follows the person from address to address, by whatever steps the CRM gets there. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { anything } from '../../harness/client.ts'
import { optOut, putBrand, putPerson } from '../../harness/fixtures.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
  await assent.api.put('/v1/purposes/tips', {
    name: 'Tips',
    description: 'For customers, until they say no',
    kind: 'commercial',
    enforcement: 'non-restrictive',
  })
})
afterAll(() => assent.stop())

async function reason(email: string): Promise<string> {
  const body = { contactPoint: { channel: 'email', address: email }, purpose: 'tips' }
  const shape = z.looseObject({ reason: z.string() })
  return (await assent.api.ok('POST', '/v1/consents/check', body, shape)).reason
}

const put = (externalId: string, body: unknown) =>
  assent.api.ok('PUT', `/v1/contacts/${externalId}`, body, anything)

it('an address that was taken away first and replaced later hands its opt-outs on', async () => {
  const person = await putPerson(assent.api)
  await optOut(assent.api, person.email, '*')
  await put(person.externalId, {})
  const next = `next-${person.email}`
  await put(person.externalId, { email: next })
  expect(await reason(next)).toBe('opted-out')
})

it('an address that comes back is as it was, and a later one inherits from the last there was', async () => {
  const person = await putPerson(assent.api)
  await put(person.externalId, {})
  await put(person.externalId, { email: person.email })
  expect(await reason(person.email)).toBe('not-opted-out')
  await optOut(assent.api, person.email, 'tips')
  await put(person.externalId, {})
  await put(person.externalId, {})
  const later = `later-${person.email}`
  await put(person.externalId, { email: later })
  expect(await reason(later)).toBe('opted-out')
})
