/** Deleting what is put by key, and putting it again. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { idOf } from '../../harness/client.ts'
import { commercial, putBrand, putPerson } from '../../harness/fixtures.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

it('a purpose that was deleted and put again as it was has its topics again', async () => {
  const purpose = {
    name: 'Events',
    description: 'Invitations',
    kind: 'commercial',
    topics: [{ key: 'fairs', name: 'Fairs', description: 'Twice a year' }],
  }
  await assent.api.put('/v1/purposes/invitations', purpose)
  expect((await assent.api.call('DELETE', '/v1/purposes/invitations')).status).toBe(204)
  await assent.api.put('/v1/purposes/invitations', purpose)
  await assent.api.put('/v1/messages/fair', commercial('Fair', { purpose: 'invitations', topic: 'fairs' }))
})

it('a profile with a pending double opt-in is not deleted: the link in the mailbox needs it', async () => {
  await assent.api.put('/v1/profiles/second', {
    name: 'Southpath',
    sender: { name: 'Southpath', email: 'hello@example.org' },
    postalAddress: '2 Example Street, 1010 Exampletown',
    doubleOptIn: { message: 'confirm', expiresAfter: '28 days' },
  })
  const person = await putPerson(assent.api)
  await assent.api.ok(
    'POST',
    '/v1/double-opt-ins',
    {
      contactPoint: { channel: 'email', address: person.email },
      profile: 'second',
      grants: [{ purpose: 'marketing' }],
    },
    idOf,
  )
  expect((await assent.api.call('DELETE', '/v1/profiles/second')).status).toBe(409)
})
