/** Profiles, purposes, messages and trigger definitions: put by key, got, listed, and deleted where nothing hangs on them. */
import { z } from 'zod'
import { getDefinition } from '../../db/reads/definitions.ts'
import { emailMessageShape } from '../../domain/shapes/message.ts'
import { instantShape, keyShape, triggerNameShape } from '../../domain/shapes/primitives.ts'
import { profileShape } from '../../domain/shapes/profile.ts'
import { purposeShape } from '../../domain/shapes/purpose.ts'
import { triggerDefinitionShape } from '../../domain/shapes/trigger.ts'
import { deleteDefinition } from '../../transactions/definitions/deleteDefinition.ts'
import { putMessage } from '../../transactions/definitions/putMessage.ts'
import { putProfile } from '../../transactions/definitions/putProfile.ts'
import { putPurpose } from '../../transactions/definitions/putPurpose.ts'
import { putTriggerDefinition } from '../../transactions/definitions/putTriggerDefinition.ts'
import { listDefinitions } from '../../views/definitions.ts'
import { pageByKey, pageByTriggerName } from '../../views/page.ts'
import { dkimKeyCodes, messageCodes } from '../codes.ts'
import { findingShape } from '../findings.ts'
import { listShape } from '../list.ts'
import { type Route, route } from '../routing.ts'
import { versionFields, versionReaders } from './versions.ts'

const byKey = z.object({ key: keyShape })
const byName = z.object({ name: triggerNameShape })
const putAnswer = z
  .object({ key: z.string(), version: z.number().int(), problems: z.array(findingShape) })
  .meta({ id: 'PutAnswer', description: 'The version that the definition has now' })
/** A `PUT` can contain these fields if they still have the same values. */
const readBackFields = {
  key: keyShape.optional().meta({ readOnly: true }),
  version: z.number().int().optional().meta({
    readOnly: true,
    description: 'If you send it, the request is refused if there is another version now',
  }),
  updatedAt: instantShape.optional().meta({
    readOnly: true,
    description: 'If you send it, the request is refused if the definition has changed since',
  }),
}
const putProfileShape = profileShape
  .extend(readBackFields)
  .meta({ id: 'PutProfile', description: 'Compliance profile' })
const putPurposeShape = purposeShape
  .safeExtend(readBackFields)
  .meta({ id: 'PutPurpose', description: 'Why you write to people' })
const putMessageShape = z
  .discriminatedUnion('channel', [emailMessageShape.extend(readBackFields)])
  .meta({ id: 'PutMessage', description: 'Content for one channel' })
const putTriggerShape = triggerDefinitionShape
  .extend({ ...readBackFields, key: triggerNameShape.optional(), name: triggerNameShape.optional() })
  .meta({ id: 'PutTriggerDefinition', description: 'A trigger that can start or move journeys' })

/** What was put, and what we add to it. */
const added = { key: z.string(), version: z.number().int(), updatedAt: z.string() }
const storedTrigger = triggerDefinitionShape
  .extend({ ...added, name: z.string() })
  .meta({ id: 'StoredTriggerDefinition', description: 'A trigger definition with its name' })

const profiles: Route[] = [
  route({
    method: 'put',
    path: '/v1/profiles/{key}',
    operationId: 'putProfile',
    refuses: ['wrong-purpose', 'invalid-duration', ...dkimKeyCodes],
    tag: 'Profiles',
    summary: 'Create or replace a compliance profile',
    scopes: ['journeys'],
    params: byKey,
    body: putProfileShape,
    responses: { 200: { description: 'Stored', schema: putAnswer } },
    handle: async ({ params, body: { key, version, updatedAt, ...profile }, deps }) => {
      const put = await putProfile(deps, params.key, profile, { key, version, updatedAt })
      return { status: 200, body: { key: params.key, ...put } }
    },
  }),
  ...readers(
    'profile',
    'profiles',
    'Profiles',
    profileShape
      .extend(added)
      .meta({ id: 'StoredProfile', description: 'A profile with its key and version' }),
  ),
  ...versionReaders(
    'profile',
    'profiles',
    'Profiles',
    profileShape.extend(versionFields).meta({ id: 'ProfileVersion', description: 'A profile as it was' }),
  ),
]

const purposes: Route[] = [
  route({
    method: 'put',
    path: '/v1/purposes/{key}',
    operationId: 'putPurpose',
    refuses: ['confirmation-needed', 'unknown-profile', 'kind-is-fixed'],
    tag: 'Purposes',
    summary: 'Create or replace a purpose with its topics',
    description:
      'If a change makes people reachable who never opted in, the answer is 409 with the effect. To make the change, repeat the request with `?confirm=true`.',
    scopes: ['journeys'],
    params: byKey,
    query: z.object({ confirm: z.enum(['true', 'false']).optional() }),
    body: putPurposeShape,
    responses: { 200: { description: 'Stored', schema: putAnswer } },
    handle: async ({ params, query, body: { key, version, updatedAt, ...purpose }, deps }) => {
      const readBack = { key, version, updatedAt }
      const put = await putPurpose(deps, params.key, purpose, {
        confirm: query.confirm === 'true',
        readBack,
      })
      return { status: 200, body: { key: params.key, ...put, problems: [] } }
    },
  }),
  ...readers(
    'purpose',
    'purposes',
    'Purposes',
    purposeShape
      .safeExtend(added)
      .meta({ id: 'StoredPurpose', description: 'A purpose with its key and version' }),
  ),
  ...versionReaders(
    'purpose',
    'purposes',
    'Purposes',
    purposeShape.safeExtend(versionFields).meta({ id: 'PurposeVersion', description: 'A purpose as it was' }),
  ),
]

const messages: Route[] = [
  route({
    method: 'put',
    path: '/v1/messages/{key}',
    operationId: 'putMessage',
    refuses: [
      'purpose-changed',
      'unknown-purpose',
      'unknown-profile',
      'unknown-topic',
      'wrong-purpose',
      'message-too-costly',
      'busy',
      ...messageCodes,
    ],
    tag: 'Messages',
    summary: 'Create or replace a message; each change makes a version',
    scopes: ['journeys'],
    params: byKey,
    body: putMessageShape,
    responses: { 200: { description: 'Stored', schema: putAnswer } },
    handle: async ({ params, body: { key, version, updatedAt, ...message }, deps }) => {
      const put = await putMessage(deps, params.key, message, { key, version, updatedAt })
      return { status: 200, body: { key: params.key, ...put } }
    },
  }),
  ...readers(
    'message',
    'messages',
    'Messages',
    emailMessageShape
      .extend(added)
      .meta({ id: 'StoredMessage', description: 'A message with its key and version' }),
  ),
  ...versionReaders(
    'message',
    'messages',
    'Messages',
    emailMessageShape
      .extend(versionFields)
      .meta({ id: 'MessageVersion', description: 'A message as it was' }),
  ),
]

const triggerDefinitions: Route[] = [
  route({
    method: 'put',
    path: '/v1/trigger-definitions/{name}',
    operationId: 'putTriggerDefinition',
    refuses: ['invalid-schema', 'schema-too-costly', 'name-reserved', 'busy'],
    tag: 'Triggers',
    summary: 'Register a business or custom trigger',
    scopes: ['journeys'],
    params: byName,
    body: putTriggerShape,
    responses: {
      200: { description: 'Stored', schema: z.object({ name: z.string() }).meta({ id: 'PutTriggerAnswer' }) },
    },
    handle: async ({ params, body: { key, name, version, updatedAt, ...definition }, deps }) => {
      await putTriggerDefinition(deps, params.name, definition, { key, name, version, updatedAt })
      return { status: 200, body: { name: params.name } }
    },
  }),
  route({
    method: 'get',
    path: '/v1/trigger-definitions/{name}',
    operationId: 'getTriggerDefinition',
    refuses: ['trigger-not-found'],
    tag: 'Triggers',
    summary: 'A trigger definition',
    scopes: ['journeys', 'triggers', 'read'],
    params: byName,
    responses: { 200: { description: 'The definition', schema: storedTrigger } },
    handle: async ({ params, deps }) => ({
      status: 200,
      body: await getDefinition(deps.db, 'trigger', params.name),
    }),
  }),
  route({
    method: 'get',
    path: '/v1/trigger-definitions',
    operationId: 'listTriggerDefinitions',
    refuses: ['invalid-cursor'],
    tag: 'Triggers',
    summary: 'All trigger definitions',
    scopes: ['journeys', 'triggers', 'read'],
    query: pageByTriggerName,
    responses: { 200: { description: 'A page', schema: listShape('TriggerDefinitionList', storedTrigger) } },
    handle: async ({ query, deps }) => ({
      status: 200,
      body: await listDefinitions(deps.db, 'trigger', query),
    }),
  }),
  route({
    method: 'delete',
    path: '/v1/trigger-definitions/{name}',
    operationId: 'deleteTriggerDefinition',
    refuses: ['trigger-not-found', 'built-in', 'still-in-use'],
    tag: 'Triggers',
    summary: 'Delete a trigger that nothing uses',
    scopes: ['journeys'],
    params: byName,
    responses: { 204: { description: 'Deleted' } },
    handle: async ({ params, deps }) => {
      await deleteDefinition(deps, 'trigger', params.name)
      return { status: 204 }
    },
  }),
]

function readers(
  kind: 'profile' | 'purpose' | 'message',
  plural: string,
  tag: string,
  stored: z.ZodType,
): Route[] {
  const name = kind.charAt(0).toUpperCase() + kind.slice(1)
  return [
    route({
      method: 'get',
      path: `/v1/${plural}/{key}`,
      operationId: `get${name}`,
      refuses: [`${kind}-not-found`],
      tag,
      summary: `A ${kind} in its current version`,
      scopes: ['journeys', 'read'],
      params: byKey,
      responses: { 200: { description: 'The definition', schema: stored } },
      handle: async ({ params, deps }) => ({
        status: 200,
        body: await getDefinition(deps.db, kind, params.key),
      }),
    }),
    route({
      method: 'get',
      path: `/v1/${plural}`,
      operationId: `list${name}s`,
      refuses: ['invalid-cursor'],
      tag,
      summary: `All ${plural}`,
      scopes: ['journeys', 'read'],
      query: pageByKey,
      responses: { 200: { description: 'A page', schema: listShape(`${name}List`, stored) } },
      handle: async ({ query, deps }) => ({
        status: 200,
        body: await listDefinitions(deps.db, kind, query),
      }),
    }),
    route({
      method: 'delete',
      path: `/v1/${plural}/{key}`,
      operationId: `delete${name}`,
      refuses: [`${kind}-not-found`, 'still-in-use'],
      tag,
      summary: `Delete a ${kind} that nothing uses`,
      scopes: ['journeys'],
      params: byKey,
      responses: { 204: { description: 'Deleted' } },
      handle: async ({ params, deps }) => {
        await deleteDefinition(deps, kind, params.key)
        return { status: 204 }
      },
    }),
  ]
}

export const definitionRoutes: Route[] = [...profiles, ...purposes, ...messages, ...triggerDefinitions]
