/** The OpenAPI 3.1 document, made from the routes themselves. */
import type { z } from 'zod'
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi'
import type { RefusalKind } from '../domain/refusal.ts'
import { journeyFields } from '../domain/shapes/journey.ts'
import { problemKind } from './problemKinds.ts'
import { problemShape } from './problems.ts'
import type { Route } from './routing.ts'
import { allRoutes } from './v1/routes.ts'

export type OpenApiDocument = ReturnType<typeof createDocument>

export function openApi(publicUrl: string): OpenApiDocument {
  const paths: ZodOpenApiPathsObject = {}
  for (const one of allRoutes) {
    paths[one.path] = { ...paths[one.path], [one.method]: operation(one) }
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Assent',
      version: '1.0.0',
      description:
        'Customer journeys that cannot outrun consent. Errors are problem details (RFC 9457); times are RFC 3339 in UTC; ids are UUIDv7; lists are paged by `limit` and `after`.',
    },
    servers: [{ url: publicUrl }],
    security: [{ key: [] }],
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer' } },
      // Named by reference only, where a journey is put.
      schemas: { Journey: journeyFields },
    },
    paths,
  })
}

function operation(one: Route): ZodOpenApiOperationObject {
  return {
    tags: [one.tag],
    operationId: one.operationId,
    summary: one.summary,
    description: [one.description, scopesOf(one)].filter((text) => text !== undefined).join('\n\n'),
    requestParams: {
      ...(isObject(one.params) ? { path: one.params } : {}),
      ...(isObject(one.query) ? { query: one.query } : {}),
    },
    ...(one.creates === true
      ? {
          parameters: [
            {
              in: 'header' as const,
              name: 'Idempotency-Key',
              required: false,
              description:
                'Repeating the request with the same key gives the first answer and has no second effect',
              schema: { type: 'string' as const, maxLength: 200 },
            },
          ],
        }
      : {}),
    ...(one.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { [one.bodyType ?? 'application/json']: { schema: one.body } },
          },
        }),
    responses: { ...successes(one), ...refusals(one) },
  }
}

function successes(one: Route): ZodOpenApiResponsesObject {
  return Object.fromEntries(
    Object.entries(one.responses).map(([status, { description, schema, type, page }]) => [
      status,
      schema === undefined
        ? { description }
        : {
            description,
            content: {
              [type ?? 'application/json']: { schema },
              ...(page === true ? { 'text/html': { schema: { type: 'string' as const } } } : {}),
            },
          },
    ]),
  )
}

function refusals(one: Route): ZodOpenApiResponsesObject {
  return Object.fromEntries(
    Object.entries(refusalsOf(one)).map(([status, description]) => [
      status,
      {
        description,
        ...(status === '429' || status === '503'
          ? {
              headers: {
                'Retry-After': { description: 'Seconds to wait', schema: { type: 'integer' as const } },
              },
            }
          : {}),
        content: { 'application/problem+json': { schema: problemShape } },
      },
    ]),
  )
}

/** Every refusal that a route can answer, by status: what follows from its shape, and what it says itself. */
export function refusalsOf(one: Route): Record<string, string> {
  const kinds: Partial<Record<RefusalKind, string>> = {
    ...(one.scopes === null
      ? {}
      : {
          unauthorised: 'No valid key',
          forbidden: 'The key may not do this',
          'too-many': 'Too many wrong keys',
        }),
    ...(one.params === undefined ? {} : { 'not-found': 'Not known' }),
    ...(one.body === undefined
      ? {}
      : {
          malformed: 'The body cannot be read',
          'too-large': 'The body has more than 1 MB',
          unsupported: 'The body has another content type',
        }),
    ...(one.creates === true ? { conflict: usedKey } : {}),
    invalid: 'A field is wrong',
    internal: 'A fault of the server',
    unavailable: 'Not available now',
    ...one.refuses,
    ...(one.creates === true && one.refuses?.conflict !== undefined
      ? { conflict: `${one.refuses.conflict}; or: ${usedKey}` }
      : {}),
  }
  return Object.fromEntries(
    Object.entries(kinds).map(([kind, description]) => [problemKind(kind)?.status ?? 500, description]),
  )
}

const usedKey = 'the Idempotency-Key was used with another request'

function scopesOf(one: Route): string | undefined {
  return one.scopes === null ? undefined : `Scopes: ${one.scopes.map((scope) => `\`${scope}\``).join(' or ')}`
}

function isObject(shape: z.ZodType | undefined): shape is z.ZodObject {
  return shape !== undefined && shape.type === 'object'
}
