/** What both measurements need in Assent: a brand, a journey with two mails and a wait between them, contacts who agreed. */
import { z } from 'zod'
import type { Api } from './api.ts'
import { htmlOf, textOf } from './content.ts'

export const journey = 'bench'
export const trigger = 'order.placed'

export async function putBrand(api: Api): Promise<void> {
  await api.do('PUT', '/v1/profiles/default', {
    name: 'Bench',
    sender: { name: 'Bench', email: 'hello@example.com' },
    postalAddress: '1 Example Street, 1010 Exampletown',
    trackingPurpose: 'statistics',
  })
  await api.do('PUT', '/v1/purposes/marketing', {
    name: 'Marketing',
    description: 'News and offers',
    kind: 'commercial',
    topics: [{ key: 'newsletter', name: 'Newsletter', description: 'Once a month' }],
  })
  await api.do('PUT', '/v1/purposes/statistics', {
    name: 'Statistics',
    description: 'Opens and clicks',
    kind: 'tracking',
    enforcement: 'non-restrictive',
  })
  for (const title of ['First', 'Second']) {
    await api.do('PUT', `/v1/messages/${title.toLowerCase()}`, {
      channel: 'email',
      purpose: 'marketing',
      topic: 'newsletter',
      subject: title,
      html: htmlOf(title, '{{ links.preferences }}', '{{ profile.postalAddress }}'),
      text: textOf(title, '{{ links.preferences }}', '{{ profile.postalAddress }}'),
    })
  }
  await api.do('PUT', `/v1/trigger-definitions/${trigger}`, { description: 'An order was placed' })
  await api.do('PUT', `/v1/journeys/${journey}`, {
    name: 'Two mails and a wait',
    reentry: 'always',
    steps: [
      { id: 'first', type: 'send', message: 'first' },
      { id: 'ordered', type: 'waitFor', timeout: '1 day', events: [{ trigger, steps: [] }] },
      { id: 'second', type: 'send', message: 'second' },
    ],
  })
  await api.do('POST', `/v1/journeys/${journey}/publish`)
}

export type Person = { externalId: string; email: string; contactPoint: string }

/** Contacts with an address each, opted in to the newsletter. */
export async function putPersons(api: Api, prefix: string, count: number): Promise<Person[]> {
  const persons: Person[] = []
  for (let index = 0; index < count; index++) {
    const externalId = `${prefix}-${index}`
    const email = `${prefix}-${index}@example.com`
    await api.do('PUT', `/v1/contacts/${externalId}`, { email, attributes: { plan: 'basic' } })
    const { contactPoint } = await api.call(
      'POST',
      '/v1/consents',
      {
        contactPoint: { channel: 'email', address: email },
        purpose: 'marketing',
        topic: 'newsletter',
        state: 'opted-in',
        source: { kind: 'api' },
        circumstances: 'ticked the box of the sign-up form',
        notice: { id: 'sign-up', version: '1', language: 'en', wording: 'Yes, write to me.' },
      },
      z.looseObject({ contactPoint: z.looseObject({ id: z.string() }) }),
    )
    persons.push({ externalId, email, contactPoint: contactPoint.id })
  }
  return persons
}
