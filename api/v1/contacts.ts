/** Contacts of the CRM. */
import { z } from 'zod'
import { Refusal } from '../../domain/refusal.ts'
import { contactPatchShape, contactPutShape } from '../../domain/shapes/contact.ts'
import { contactPointShape, textShape } from '../../domain/shapes/primitives.ts'
import { patchContact, putContact } from '../../transactions/contacts/putContact.ts'
import { type ContactFilter, getContact, listContacts } from '../../views/contacts.ts'
import { pageById, pageInBody } from '../../views/page.ts'
import { addressCodes } from '../codes.ts'
import { createdWithoutAddress, findingShape } from '../findings.ts'
import { listShape } from '../list.ts'
import { type Route, route } from '../routing.ts'
import { addressOf } from './consentAddress.ts'

const byId = z.object({ externalId: textShape(200) })
const consentShape = z.object({
  channel: z.string(),
  purpose: z.string(),
  topic: z.string().nullable(),
  state: z.enum(['opted-in', 'opted-out', 'none']),
  pending: z.boolean(),
  since: z.string().nullable(),
})
const storedContact = z
  .looseObject({ id: z.uuid(), externalId: z.string().nullable(), consents: z.array(consentShape) })
  .meta({ id: 'StoredContact', description: 'A contact with its consents' })

const contactList = listShape(
  'ContactList',
  z.looseObject({
    id: z.uuid(),
    externalId: z.string().nullable(),
    email: z.string().nullable(),
    phone: z.string().nullable(),
  }),
)

/** The keys by which a contact can be looked up; exactly one of them. */
const wanted = {
  externalId: textShape(200).optional(),
  email: textShape(320).optional().meta({ description: 'E-mail address' }),
  phone: textShape(40).optional().meta({ description: 'Telephone number, E.164' }),
}
const lookupShape = z
  .strictObject({ ...wanted, contactPoint: contactPointShape.optional(), ...pageInBody })
  .meta({
    id: 'ContactLookup',
    description: 'Names a contact by one of these fields; without any, all contacts',
  })

/** @throws Refusal invalid where several are named: a list goes along one index */
function filterOf(by: Partial<z.output<typeof lookupShape>>, prefix: string): ContactFilter | undefined {
  const { externalId, email, phone, contactPoint } = by
  const named = Object.entries({ externalId, email, phone, contactPoint }).filter(
    ([, value]) => value !== undefined,
  )
  if (named.length > 1) {
    const message = 'Name the contact by one of these fields only.'
    const code = 'one-of-these'
    throw new Refusal(code, message, {
      errors: named.map(([name]) => ({ pointer: `${prefix}/${name}`, code, message })),
    })
  }
  if (externalId !== undefined) return { externalId }
  if (email !== undefined) return at('email', email, `${prefix}/email`)
  if (phone !== undefined) return at('sms', phone, `${prefix}/phone`)
  if (contactPoint === undefined) return undefined
  return at(contactPoint.channel, contactPoint.address, `${prefix}/contactPoint/address`)
}

function at(channel: string, address: string, pointer: string): ContactFilter {
  return { channel, address: addressOf({ channel, address }, pointer) }
}

const putContactAnswer = z
  .object({
    id: z.uuid(),
    externalId: z.string(),
    problems: z
      .array(findingShape)
      .meta({ description: 'Warnings, such as a contact that was created without an address' }),
  })
  .meta({ id: 'PutContactAnswer' })

export const contactRoutes: Route[] = [
  route({
    method: 'put',
    path: '/v1/contacts/{externalId}',
    operationId: 'putContact',
    refuses: [...addressCodes, 'too-many-addresses', 'contact-too-large'],
    tag: 'Contacts',
    summary: 'Create or replace a contact',
    description:
      'Changes raise business triggers. If an address changes, opt-outs are copied to the new address; opt-ins never are.',
    scopes: ['contacts'],
    params: byId,
    body: contactPutShape,
    responses: {
      200: { description: 'Replaced', schema: putContactAnswer },
      201: { description: 'Created', schema: putContactAnswer },
    },
    handle: async ({ params: { externalId }, body, deps }) => {
      const { id: ownId, externalId: named, createdAt, updatedAt, consents, ...contact } = body
      const readBack = { id: ownId, externalId: named, createdAt, updatedAt, consents }
      const { id, created, withoutAddress } = await putContact(deps, externalId, contact, readBack)
      const problems = withoutAddress ? [createdWithoutAddress('')] : []
      return { status: created ? 201 : 200, body: { id, externalId, problems } }
    },
  }),
  route({
    method: 'patch',
    path: '/v1/contacts/{externalId}',
    operationId: 'patchContact',
    refuses: ['contact-not-found', ...addressCodes, 'too-many-addresses', 'contact-too-large'],
    tag: 'Contacts',
    summary: 'Change parts of a contact',
    description:
      'A JSON merge patch (RFC 7396): fields that are left out stay, null removes a field, and attributes are merged member by member. Changes raise business triggers, as by a `PUT`.',
    scopes: ['contacts'],
    params: byId,
    body: contactPatchShape,
    responses: { 200: { description: 'Changed', schema: putContactAnswer } },
    handle: async ({ params: { externalId }, body, deps }) => {
      const { id: ownId, externalId: named, createdAt, updatedAt, consents, ...patch } = body
      const readBack = { id: ownId, externalId: named, createdAt, updatedAt, consents }
      const { id } = await patchContact(deps, externalId, patch, readBack)
      return { status: 200, body: { id, externalId, problems: [] } }
    },
  }),
  route({
    method: 'get',
    path: '/v1/contacts/{externalId}',
    operationId: 'getContact',
    refuses: ['contact-not-found'],
    tag: 'Contacts',
    summary: 'A contact with its consents',
    scopes: ['contacts', 'read'],
    params: byId,
    responses: { 200: { description: 'The contact', schema: storedContact } },
    handle: async ({ params, deps }) => ({
      status: 200,
      body: await getContact(deps.db, params.externalId),
    }),
  }),
  route({
    method: 'get',
    path: '/v1/contacts',
    operationId: 'listContacts',
    refuses: [...addressCodes, 'one-of-these', 'invalid-cursor'],
    tag: 'Contacts',
    summary: 'Contacts: all, or by external id, e-mail address or phone number',
    description:
      'Several contacts can share an address. `POST /v1/contacts/lookup` does the same without an address in the URL.',
    scopes: ['contacts', 'read'],
    query: pageById.extend(wanted),
    responses: { 200: { description: 'A page, oldest first', schema: contactList } },
    handle: async ({ query, deps }) => ({
      status: 200,
      body: await listContacts(deps.db, query, filterOf(query, '/query')),
    }),
  }),
  route({
    method: 'post',
    path: '/v1/contacts/lookup',
    operationId: 'lookUpContacts',
    refuses: [...addressCodes, 'invalid-cursor'],
    tag: 'Contacts',
    summary: 'Contacts by external id, e-mail address, phone number or another contact point',
    description: 'Like `GET /v1/contacts`, but keeps addresses out of URLs and proxy logs.',
    scopes: ['contacts', 'read'],
    body: lookupShape,
    reads: true,
    responses: { 200: { description: 'A page, oldest first', schema: contactList } },
    handle: async ({ body, deps }) => ({
      status: 200,
      body: await listContacts(deps.db, body, filterOf(body, '')),
    }),
  }),
]
