/** Contacts of the CRM. */
import { z } from 'zod'
import { getContact, listContacts } from '../../db/reads/contacts.ts'
import { pageById } from '../../db/reads/page.ts'
import { contactShape } from '../../domain/shapes/contact.ts'
import { textShape } from '../../domain/shapes/primitives.ts'
import { normalisedAddresses, putContact } from '../../transactions/contacts/putContact.ts'
import { listShape } from '../list.ts'
import { type Route, route } from '../routing.ts'

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

const putContactAnswer = z.object({ id: z.uuid(), externalId: z.string() }).meta({ id: 'PutContactAnswer' })

export const contactRoutes: Route[] = [
  route({
    method: 'put',
    path: '/v1/contacts/{externalId}',
    operationId: 'putContact',
    tag: 'Contacts',
    summary: 'Create or replace a contact',
    description:
      'What changed is raised as business triggers. When an address changes, opt-outs are copied to the new one; opt-ins never are.',
    scopes: ['contacts'],
    params: byId,
    body: contactShape,
    responses: {
      200: { description: 'Replaced', schema: putContactAnswer },
      201: { description: 'Created', schema: putContactAnswer },
    },
    handle: async ({ params, body, house }) => {
      normalisedAddresses(body)
      const put = await putContact(house, params.externalId, body)
      return { status: put.created ? 201 : 200, body: { id: put.id, externalId: params.externalId } }
    },
  }),
  route({
    method: 'get',
    path: '/v1/contacts/{externalId}',
    operationId: 'getContact',
    tag: 'Contacts',
    summary: 'A contact with its consents',
    scopes: ['contacts', 'read'],
    params: byId,
    responses: { 200: { description: 'The contact', schema: storedContact } },
    handle: async ({ params, house }) => ({
      status: 200,
      body: await getContact(house.db, params.externalId),
    }),
  }),
  route({
    method: 'get',
    path: '/v1/contacts',
    operationId: 'listContacts',
    tag: 'Contacts',
    summary: 'All contacts',
    scopes: ['contacts', 'read'],
    query: pageById,
    responses: {
      200: {
        description: 'A page',
        schema: listShape('ContactList', z.looseObject({ id: z.uuid() })),
      },
    },
    handle: async ({ query, house }) => ({ status: 200, body: await listContacts(house.db, query) }),
  }),
]
