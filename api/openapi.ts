/** The OpenAPI 3.1 document, made from the routes themselves. */
import type { z } from 'zod'
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi'
import { journeyFields } from '../domain/shapes/journey.ts'
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
  const problem = { 'application/problem+json': { schema: problemShape } }
  return {
    tags: [one.tag],
    operationId: operationId(one),
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
    responses: {
      ...Object.fromEntries(
        Object.entries(one.responses).map(([status, response]) => [
          status,
          response.schema === undefined
            ? { description: response.description }
            : {
                description: response.description,
                content: { [response.type ?? 'application/json']: { schema: response.schema } },
              },
        ]),
      ),
      '401': { description: 'No valid key', content: problem },
      '403': { description: 'The key may not do this', content: problem },
      ...(one.params === undefined ? {} : { '404': { description: 'Not known', content: problem } }),
      ...(one.body === undefined
        ? {}
        : {
            '400': { description: 'Malformed', content: problem },
            '409': { description: 'Conflict', content: problem },
            '413': { description: 'More than 1 MB', content: problem },
            '415': { description: 'Another content type', content: problem },
          }),
      '422': { description: 'A field is wrong', content: problem },
      '503': { description: 'Not available now', content: problem },
    },
  }
}

function scopesOf(one: Route): string | undefined {
  return one.scopes === null ? undefined : `Scopes: ${one.scopes.map((scope) => `\`${scope}\``).join(' or ')}`
}

function operationId(one: Route): string {
  const words = one.path
    .replace(/^\/v1\//, '')
    .split(/[/{}-]+/)
    .filter((word) => word !== '')
  return one.method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}

function isObject(shape: z.ZodType | undefined): shape is z.ZodObject {
  return shape !== undefined && shape.type === 'object'
}
