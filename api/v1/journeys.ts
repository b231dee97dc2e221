/** Journeys: draft, checks, publication, diagram, and runs started over REST. */
import { z } from 'zod'
import 'zod-openapi'
import { journeyFields, journeyShape } from '../../domain/journey/definition.ts'
import { mermaid } from '../../domain/journey/diagram.ts'
import {
  contactReferenceShape,
  instantShape,
  keyShape,
  payloadShape,
} from '../../domain/shapes/primitives.ts'
import { read } from '../../domain/shapes/read.ts'
import { resolveContact, unknownContact } from '../../transactions/contacts/resolveContact.ts'
import { deleteJourney, publishJourney, putJourney } from '../../transactions/definitions/journeys.ts'
import { startRun } from '../../transactions/runs/startRun.ts'
import { getJourney, listJourneys } from '../../views/journeys.ts'
import { pageByKey } from '../../views/page.ts'
import { contactCodes, journeyFaultCodes, payloadCodes } from '../codes.ts'
import { findingShape } from '../findings.ts'
import { listShape } from '../list.ts'
import { type Route, route } from '../routing.ts'
import { versionFields, versionReaders } from './versions.ts'

const byKey = z.object({ key: keyShape })
const journeyAnswer = journeyFields
  .extend({ publishedVersion: z.number().int().nullable(), updatedAt: z.string() })
  .meta({ id: 'StoredJourney', description: 'The draft, and which version is published' })

/** Fields that a `GET` answers beside the draft. A `PUT` can contain them if they still have the same values. */
const readBackShape = z.object({
  key: z.string().optional(),
  publishedVersion: z.number().int().nullish(),
  updatedAt: instantShape.optional(),
})

const journeyBody = z.record(z.string(), z.unknown()).meta({
  id: 'JourneyDraft',
  description:
    'A journey definition. You can leave out `key`, because the URL names it. If you send `publishedVersion` and `updatedAt` as a `GET` answers them, the request is refused if they have changed since',
  override: { type: 'object', allOf: [{ $ref: '#/components/schemas/Journey' }] },
})

export const journeyRoutes: Route[] = [
  route({
    method: 'put',
    path: '/v1/journeys/{key}',
    operationId: 'putJourney',
    refuses: ['invalid-duration', 'invalid-wait', 'message-too-costly', 'busy'],
    tag: 'Journeys',
    summary: 'Create or replace the draft of a journey, and check it',
    description: 'A draft with errors is stored but cannot be published. Open runs do not change.',
    scopes: ['journeys'],
    params: byKey,
    body: journeyBody,
    responses: {
      200: {
        description: 'Stored',
        schema: z
          .object({ key: z.string(), problems: z.array(findingShape) })
          .meta({ id: 'PutJourneyAnswer', description: 'The findings of the checker' }),
      },
    },
    handle: async ({ params, body, deps }) => {
      const { key, publishedVersion, updatedAt, ...draft } = body
      const readBack = read(readBackShape, { key, publishedVersion, updatedAt }, 'the body')
      const definition = read(journeyShape, { ...draft, key: params.key }, 'the body')
      return { status: 200, body: { key: params.key, ...(await putJourney(deps, definition, readBack)) } }
    },
  }),
  route({
    method: 'get',
    path: '/v1/journeys/{key}',
    operationId: 'getJourney',
    refuses: ['journey-not-found'],
    tag: 'Journeys',
    summary: 'The draft of a journey and which version is published',
    scopes: ['journeys', 'read'],
    params: byKey,
    responses: { 200: { description: 'The journey', schema: journeyAnswer } },
    handle: async ({ params, deps }) => ({ status: 200, body: await getJourney(deps.db, params.key) }),
  }),
  route({
    method: 'get',
    path: '/v1/journeys',
    operationId: 'listJourneys',
    refuses: ['invalid-cursor'],
    tag: 'Journeys',
    summary: 'All journeys',
    scopes: ['journeys', 'read'],
    query: pageByKey,
    responses: {
      200: {
        description: 'A page',
        schema: listShape('JourneyList', journeyAnswer),
      },
    },
    handle: async ({ query, deps }) => ({ status: 200, body: await listJourneys(deps.db, query) }),
  }),
  route({
    method: 'delete',
    path: '/v1/journeys/{key}',
    operationId: 'deleteJourney',
    refuses: ['journey-not-found', 'journey-published'],
    tag: 'Journeys',
    summary: 'Delete a draft that was never published',
    scopes: ['journeys'],
    params: byKey,
    responses: { 204: { description: 'Deleted' } },
    handle: async ({ params, deps }) => {
      await deleteJourney(deps, params.key)
      return { status: 204 }
    },
  }),
  route({
    method: 'post',
    path: '/v1/journeys/{key}/publish',
    operationId: 'publishJourney',
    refuses: ['journey-not-found', 'message-too-costly', 'busy', ...journeyFaultCodes],
    tag: 'Journeys',
    summary: 'Publish the draft as an immutable version',
    scopes: ['journeys'],
    params: byKey,
    responses: {
      200: {
        description: 'Published',
        schema: z
          .object({ version: z.number().int(), problems: z.array(findingShape) })
          .meta({ id: 'PublishedJourney', description: 'The new version, and warnings' }),
      },
    },
    handle: async ({ params, deps }) => ({ status: 200, body: await publishJourney(deps, params.key) }),
  }),
  route({
    method: 'get',
    path: '/v1/journeys/{key}/diagram',
    operationId: 'getJourneyDiagram',
    refuses: ['journey-not-found'],
    tag: 'Journeys',
    summary: 'The draft as a Mermaid flowchart',
    scopes: ['journeys', 'read'],
    params: byKey,
    responses: { 200: { description: 'Mermaid', schema: z.string(), type: 'text/plain' } },
    handle: async ({ params, deps }) => {
      const journey = await getJourney(deps.db, params.key)
      return { status: 200, text: { type: 'text/plain', content: mermaid(journey) } }
    },
  }),
  route({
    method: 'post',
    path: '/v1/journeys/{key}/runs',
    operationId: 'startRun',
    refuses: [
      'journey-not-found',
      'journey-not-published',
      'journey-unreadable',
      'reentry-not-permitted',
      'too-many-runs',
      ...contactCodes,
      ...payloadCodes,
    ],
    tag: 'Runs',
    summary: 'Start a run for one contact',
    scopes: ['journeys', 'triggers'],
    creates: true,
    params: byKey,
    body: z
      .strictObject({ contact: contactReferenceShape, payload: payloadShape.default({}) })
      .meta({ id: 'StartRunRequest', description: 'The contact and the payload' }),
    responses: {
      201: {
        description: 'Started',
        schema: z
          .object({ id: z.uuid(), workflowId: z.string() })
          .meta({ id: 'StartedRun', description: 'The run, and the Temporal workflow that drives it' }),
      },
    },
    handle: async ({ params, body, deps }) => {
      await getJourney(deps.db, params.key)
      const contactId = await resolveContact(deps.db, body.contact)
      if (contactId === null) throw unknownContact(body.contact)
      return {
        status: 201,
        body: await startRun(deps, { journey: params.key, contactId, payload: body.payload }),
      }
    },
  }),
  ...versionReaders(
    'journey',
    'journeys',
    'Journeys',
    journeyFields
      .extend(versionFields)
      .meta({ id: 'JourneyVersion', description: 'A journey as it was published' }),
  ),
]
