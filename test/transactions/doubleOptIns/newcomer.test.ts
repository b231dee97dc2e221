/** Somebody nobody knew confirms, becomes a contact, and stays one when the CRM puts the person under an id of its own. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { idOf, takenShape } from '../../harness/client.ts'
import { personal, publish, putBrand } from '../../harness/fixtures.ts'
import { linkIn, mailsArrived } from '../../harness/mailbox.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent()
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

it('the CRM that puts the newcomer’s address adopts the contact: one person, one contact, one history', async () => {
  const mark = randomBytes(6).toString('hex')
  const [email, externalId] = [`newcomer-${mark}@example.com`, `crm-${mark}`]
  personal(email, externalId)
  const journey = await publish(assent.api, {
    entry: { trigger: 'double-opt-in.confirmed' },
    steps: [{ id: 'welcome', type: 'send', message: 'first' }],
  })
  const contactPoint = { channel: 'email', address: email }
  const grants = [{ purpose: 'marketing', topic: 'newsletter' }]
  await assent.api.ok('POST', '/v1/double-opt-ins', { contactPoint, grants }, idOf)
  const [mail] = await mailsArrived(email, 1)
  if (mail === undefined) throw new Error('no mail')
  await fetch(linkIn(mail, '/confirm/'), { method: 'POST' })
  await mailsArrived(email, 2)

  const put = await assent.api.call('PUT', `/v1/contacts/${externalId}`, {
    email,
    attributes: { plan: 'gold' },
  })
  expect(put.status).toBe(201)
  // Named by the address alone: were there two contacts, this would be a conflict.
  await assent.api.ok('POST', '/v1/triggers/order.placed', { contact: { email } }, takenShape)
  const runs = z.object({ items: z.array(z.looseObject({ journey: z.string() })) })
  const { items } = await assent.api.ok('GET', `/v1/runs?contact=${externalId}`, undefined, runs)
  expect(items.map((run) => run.journey)).toEqual([journey])
  // A second id for the same address is another contact, as always.
  expect((await assent.api.call('PUT', `/v1/contacts/other-${mark}`, { email })).status).toBe(201)
  expect((await assent.api.call('POST', '/v1/triggers/order.placed', { contact: { email } })).status).toBe(
    409,
  )
})
