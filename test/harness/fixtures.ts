/** A small brand to test with: profile, purposes, messages, a trigger, contacts with and without consent. */
import { randomBytes } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { inject } from 'vitest'
import { type ApiClient, anything, idOf } from './client.ts'

export const footer = {
  text: '\n\nPreferences: {{ links.preferences }}\n{{ profile.postalAddress }}',
  html: '<p><a href="{{ links.preferences }}">Preferences</a><br>{{ profile.postalAddress }}</p>',
}

/** A commercial message with one link, tracked where permitted. */
export function commercial(text: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    channel: 'email',
    purpose: 'marketing',
    topic: 'newsletter',
    subject: `${text} for {{ contact.attributes.nickname | default: "you" }}`,
    html: `<html><body><p>${text}</p><a href="https://www.example.com/checkout" data-link="checkout">Go</a>${footer.html}</body></html>`,
    text: `${text}: https://www.example.com/checkout${footer.text}`,
    ...more,
  }
}

export async function putBrand(api: ApiClient): Promise<void> {
  await api.put('/v1/profiles/default', {
    name: 'Northpath',
    sender: { name: 'Northpath', email: 'hello@example.com' },
    postalAddress: '1 Example Street, 1010 Exampletown',
    trackingPurpose: 'statistics',
    doubleOptIn: { message: 'confirm', expiresAfter: '28 days', remindAfter: '3 days' },
  })
  await api.put('/v1/purposes/marketing', {
    name: 'Marketing',
    description: 'News and offers',
    kind: 'commercial',
    topics: [
      { key: 'newsletter', name: 'Newsletter', description: 'Once a month' },
      { key: 'events', name: 'Events', description: 'Invitations' },
    ],
  })
  await api.put('/v1/purposes/statistics', {
    name: 'Statistics',
    description: 'Opens and clicks',
    kind: 'tracking',
    enforcement: 'non-restrictive',
  })
  await api.put('/v1/purposes/service', { name: 'Service', description: 'Orders', kind: 'transactional' })
  await api.put('/v1/messages/confirm', {
    channel: 'email',
    purpose: 'service',
    subject: 'Please confirm',
    html: '<p>Confirm: <a href="{{ links.confirm }}">yes</a></p>',
    text: 'Confirm {% for grant in trigger.grants %}{{ grant.name }} {% endfor %}: {{ links.confirm }}',
  })
  await api.put('/v1/messages/first', commercial('First'))
  await api.put('/v1/messages/second', commercial('Second'))
  await api.put('/v1/messages/receipt', {
    channel: 'email',
    purpose: 'service',
    subject: 'Your order {{ trigger.order }}',
    html: '<p>Thank you. <a href="https://www.example.com/orders">Your order</a></p>',
    text: 'Thank you: https://www.example.com/orders',
  })
  await api.put('/v1/trigger-definitions/order.placed', { description: 'An order was placed' })
  await api.put('/v1/trigger-definitions/cart.abandoned', { description: 'A cart was left' })
}

/** Remembers what a test made up about a person; at the end of the run no workflow history may hold any of it. */
export function personal(...values: string[]): void {
  appendFileSync(inject('persons'), values.map((value) => `${value}\n`).join(''))
}

export type Person = { externalId: string; email: string; id: string }

/** A contact with an address nobody else in the run has. */
export async function putPerson(api: ApiClient, more: Record<string, unknown> = {}): Promise<Person> {
  const mark = randomBytes(6).toString('hex')
  const externalId = `crm-${mark}`
  const email = `person-${mark}@example.com`
  const firstName = `Name${mark}`
  const phone = `+4366${String(Number.parseInt(mark.slice(0, 8), 16))
    .padStart(10, '0')
    .slice(0, 9)}`
  personal(externalId, email, firstName, phone)
  const contact = { email, phone, attributes: { firstName }, ...more }
  const { id } = await api.ok('PUT', `/v1/contacts/${externalId}`, contact, idOf)
  return { externalId, email, id }
}

/** A person's opt-in, as a CRM reports it. */
export async function optIn(api: ApiClient, email: string, purpose: string, topic?: string): Promise<void> {
  await api.ok(
    'POST',
    '/v1/consents',
    {
      contactPoint: { channel: 'email', address: email },
      purpose,
      ...(topic === undefined ? {} : { topic }),
      state: 'opted-in',
      source: { kind: 'api' },
      circumstances: 'ticked the box of the sign-up form',
      notice: { id: 'sign-up', version: '1', language: 'en', wording: 'Yes, write to me.' },
    },
    anything,
  )
}

export async function optOut(api: ApiClient, email: string, purpose: string, topic?: string): Promise<void> {
  await api.ok(
    'POST',
    '/v1/consents',
    {
      contactPoint: { channel: 'email', address: email },
      purpose,
      ...(topic === undefined ? {} : { topic }),
      state: 'opted-out',
      source: { kind: 'api' },
    },
    anything,
  )
}

/** Puts and publishes a journey under a key of its own. @returns the key */
export async function publish(api: ApiClient, definition: Record<string, unknown>): Promise<string> {
  const key = `j-${randomBytes(5).toString('hex')}`
  await api.put(`/v1/journeys/${key}`, { name: key, ...definition })
  await api.ok('POST', `/v1/journeys/${key}/publish`, undefined, anything)
  return key
}

export async function startRunOf(
  api: ApiClient,
  journey: string,
  person: Person,
  payload = {},
): Promise<string> {
  const body = { contact: { externalId: person.externalId }, payload }
  return (await api.ok('POST', `/v1/journeys/${journey}/runs`, body, idOf)).id
}
