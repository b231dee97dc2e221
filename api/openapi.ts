/** The OpenAPI 3.1 document, made from the routes themselves. */
import { z } from 'zod'
import {
  createDocument,
  type ZodOpenApiContentObject,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi'
import { journeyFields } from '../domain/journey/definition.ts'
import { catalogued, type RefusalCode } from '../domain/refusals/catalogue.ts'
import packageJson from '../package.json' with { type: 'json' }
import { codesByStatus } from './codes.ts'
import { curlOf, typescriptOf } from './exampleCode.ts'
import { exampleOf } from './examples.ts'
import { problemKinds } from './problemKinds.ts'
import { problemShape } from './problems.ts'
import type { Route } from './routing.ts'
import { allRoutes } from './v1/routes.ts'

export type OpenApiDocument = ReturnType<typeof createDocument>

const introduction = `Customer journeys that cannot outrun consent.

Every request needs a key: \`Authorization: Bearer <key>\`. \`npm start\` prints one for the local stack; \`POST /v1/keys\` makes more.

- Errors are problem details (RFC 9457). Programs go by \`code\`. The \`type\` leads to a page with causes and remedies: [all problems](/problems).
- Times are RFC 3339, in UTC. Ids are UUIDv7. Lists are paged by \`limit\` and \`after\`.
- You can repeat a \`PUT\`. A \`POST\` that creates something honours an \`Idempotency-Key\`.
- The examples build on each other and on the data of \`examples/\`. They read \`API\` and \`KEY\` from the environment,
  and ids from earlier answers, such as \`RUN\`.`

export function openApi(publicUrl: string): OpenApiDocument {
  const paths: ZodOpenApiPathsObject = {}
  for (const one of allRoutes) {
    paths[one.path] = { ...paths[one.path], [one.method]: operation(one) }
  }
  const document = createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Assent',
      version: packageJson.version,
      description: introduction,
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
  return withProblemCodes(withParameterExamples(tidied(document)))
}

/**
 * So that "try it" starts from a request that works. Ids that an earlier answer gives are left for the reader to fill
 * in.
 */
function withParameterExamples(document: OpenApiDocument): OpenApiDocument {
  for (const { path, method, operationId } of allRoutes) {
    const example = exampleOf(operationId)
    for (const one of document.paths?.[path]?.[method]?.parameters ?? []) {
      if (!('in' in one)) continue
      const value = (one.in === 'path' ? example?.params : example?.query)?.[one.name]
      if (value !== undefined && !value.startsWith('$')) one.example = value
    }
  }
  return document
}

/**
 * Gives schemas the names that readers and client generators see. zod describes free JSON as a recursion without a
 * name: here it is "anything". A schema that is the same in requests and answers has one name. Bounds that only mean
 * "exactly representable" are removed.
 */
function tidied(document: OpenApiDocument): OpenApiDocument {
  const schemas: Record<string, unknown> = { ...document.components?.schemas }
  const renamed = new Map<string, string | null>()
  for (const [name, schema] of Object.entries(schemas)) {
    if (isAnyJson(schema)) renamed.set(name, null)
    const input = schemas[name.replace(/Output$/, '')]
    if (name.endsWith('Output') && sameButForSuffix(schema, input))
      renamed.set(name, name.replace(/Output$/, ''))
  }
  for (const name of renamed.keys()) delete schemas[name]
  const named = { ...document, components: { ...document.components, schemas } }
  return JSON.parse(JSON.stringify(named), (key, value: unknown) => {
    if (key === 'minimum' && value === Number.MIN_SAFE_INTEGER) return undefined
    if (key === 'maximum' && value === Number.MAX_SAFE_INTEGER) return undefined
    const name = referred(value)
    const better = name === null ? undefined : renamed.get(name)
    if (better === undefined) return value
    const { $ref, ...beside } = { $ref: '', ...Object(value) }
    return better === null ? beside : { ...beside, $ref: `#/components/schemas/${better}` }
  })
}

/** Name of the schema that a reference leads to. */
function referred(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || !('$ref' in value)) return null
  return /^#\/components\/schemas\/(\w+)$/.exec(String(value.$ref))?.[1] ?? null
}

function sameButForSuffix(one: unknown, other: unknown): boolean {
  const written = JSON.stringify(one).replace(/("#\/components\/schemas\/\w+?)Output"/g, '$1"')
  return written === JSON.stringify(other)
}

/** zod's recursive schema for any JSON value. */
function isAnyJson(schema: unknown): boolean {
  const parsed = z.object({ anyOf: z.array(z.object({ type: z.string() })) }).safeParse(schema)
  const types = new Set(parsed.data?.anyOf.map(({ type }) => type))
  return ['string', 'number', 'boolean', 'null', 'array', 'object'].every((type) => types.has(type))
}

function operation(one: Route): ZodOpenApiOperationObject {
  const example = exampleOf(one.operationId)
  return {
    tags: [one.tag],
    operationId: one.operationId,
    summary: one.summary,
    description: [one.description, scopesOf(one)].filter((text) => text !== undefined).join('\n\n'),
    requestParams: {
      ...(isObject(one.params) ? { path: one.params } : {}),
      ...(isObject(one.query) ? { query: one.query } : {}),
    },
    ...(one.creates !== undefined
      ? {
          parameters: [
            {
              in: 'header' as const,
              name: 'Idempotency-Key',
              required: false,
              description:
                'Repeating the request with the same key gives the first answer and has no second effect',
              schema: { type: 'string' as const, minLength: 1, maxLength: 200 },
            },
          ],
        }
      : {}),
    ...(one.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: contentOf(one, one.body, example?.body),
          },
        }),
    responses: { ...successes(one), ...refusals(one) },
    ...(example === undefined
      ? {}
      : {
          'x-codeSamples': [
            { lang: 'shell', label: 'curl', source: curlOf(one, example) },
            { lang: 'typescript', label: 'TypeScript', source: typescriptOf(one, example) },
          ],
        }),
  }
}

/** Every PATCH takes a JSON merge patch (RFC 7396), under its own name or as plain JSON. */
function contentOf(one: Route, schema: z.ZodType, example: unknown): ZodOpenApiContentObject {
  const content = { schema, ...(example === undefined ? {} : { example }) }
  if (one.method === 'patch') return { 'application/merge-patch+json': content, 'application/json': content }
  return { [one.bodyType ?? 'application/json']: content }
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
    [...codesByStatus(one)].map(([status, codes]) => [
      String(status),
      {
        description: descriptionOf(one, codes),
        ...(status === 429 || status === 503
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

/** The codes that only this route answers with their causes; those of many routes by name, since the pages explain them. */
function descriptionOf(one: Route, codes: readonly RefusalCode[]): string {
  const [first] = codes
  const title = first === undefined ? '' : problemKinds[catalogued(first).kind].title
  const own = codes.filter((code) => one.refuses?.includes(code) === true)
  const others = codes.filter((code) => !own.includes(code)).map((code) => `\`${code}\``)
  return [
    `${title}.`,
    own.map((code) => `- \`${code}\`: ${catalogued(code).cause} ${catalogued(code).remedy}`).join('\n'),
    others.length === 0 ? '' : `${own.length === 0 ? 'Codes' : 'Also'}: ${others.join(', ')}.`,
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

/** Each problem document names the codes that it can have here. */
function withProblemCodes(document: OpenApiDocument): OpenApiDocument {
  for (const one of allRoutes) {
    for (const [status, codes] of codesByStatus(one)) {
      const response = document.paths?.[one.path]?.[one.method]?.responses?.[String(status)]
      const content = response !== undefined && 'content' in response ? response.content : undefined
      const problem = content?.['application/problem+json']
      if (problem?.schema === undefined) continue
      // Beside a reference, further keywords hold as well (JSON Schema 2020-12).
      problem.schema = { ...problem.schema, properties: { code: { type: 'string', enum: codes } } }
    }
  }
  return document
}

function scopesOf(one: Route): string | undefined {
  return one.scopes === null ? undefined : `Scopes: ${one.scopes.map((scope) => `\`${scope}\``).join(' or ')}`
}

function isObject(shape: z.ZodType | undefined): shape is z.ZodObject {
  return shape !== undefined && shape.type === 'object'
}
