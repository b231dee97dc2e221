import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openApi } from '../../api/openapi.ts'
import { allRoutes } from '../../api/v1/routes.ts'
import packageJson from '../../package.json' with { type: 'json' }

const server = 'https://assent.example.com'
/** As it goes over the wire. */
const document: unknown = JSON.parse(JSON.stringify(openApi(server)))

const contentShape = z.record(z.string(), z.object({ schema: z.looseObject({}) }))
const operationShape = z.object({
  operationId: z.string(),
  summary: z.string(),
  parameters: z.array(z.object({ name: z.string(), in: z.string(), schema: z.looseObject({}) })).optional(),
  requestBody: z.object({ content: contentShape }).optional(),
  responses: z.record(z.string(), z.object({ description: z.string(), content: contentShape.optional() })),
})
const described = z
  .object({
    openapi: z.string(),
    info: z.object({ version: z.string() }),
    paths: z.record(z.string(), z.record(z.string(), operationShape)),
    components: z.object({ schemas: z.record(z.string(), z.looseObject({})) }),
  })
  .parse(document)
const operations = Object.entries(described.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
)

/**
 * The OpenAPI Initiative's schema leaves schemas to a dialect, by a dynamic reference that Ajv follows to another place
 * than the standard says. They are held to JSON Schema itself instead.
 */
function openApiSchema(): Record<string, unknown> {
  const text = readFileSync(new URL('./openapi-3.1.json', import.meta.url), 'utf8')
  const dynamic = z.object({ $dynamicRef: z.literal('#meta') })
  const schema: unknown = JSON.parse(text, (_key, value: unknown) =>
    dynamic.safeParse(value).success ? { $ref: 'https://json-schema.org/draft/2020-12/schema' } : value,
  )
  return z.record(z.string(), z.unknown()).parse(schema)
}

function problemsOf(candidate: unknown): string[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { 'media-range': true } })
  formats.default(ajv)
  const validate = ajv.compile(openApiSchema())
  validate(candidate)
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

describe('the OpenAPI document', () => {
  test('keeps to the schema of OpenAPI 3.1', () => {
    expect(described.openapi).toMatch(/^3\.1\./)
    expect(problemsOf(document)).toEqual([])
  })

  test('is held to that schema, down to the schemas within', () => {
    const broken = JSON.parse(JSON.stringify(document), (_key, value: unknown) =>
      value === 'object' ? 'thing' : value,
    )
    expect(problemsOf(broken).some((problem) => problem.includes('/type must be'))).toBe(true)
  })

  test('has the version of the package', () => {
    expect(described.info.version).toBe(packageJson.version)
  })

  test('has every route, and no other', () => {
    const routes = allRoutes.map(({ method, path }) => `${method} ${path}`)
    expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(routes.sort())
  })

  test('gives each operation an id of its own, a verb and what it is done to', () => {
    const ids = operations.map(({ operationId }) => operationId)
    expect(ids).toEqual([...new Set(ids)])
    expect(ids.filter((id) => !/^[a-z]+(?:[A-Z][a-z]+)+$/.test(id))).toEqual([])
  })

  test('names every schema of a body or an answer, and no schema twice', () => {
    const json = operations.flatMap(({ operationId, requestBody, responses }) =>
      [requestBody?.content, ...Object.values(responses).map(({ content }) => content)].flatMap((content) =>
        Object.entries(content ?? {})
          .filter(([type]) => type.endsWith('json'))
          .map(([, { schema }]) => ({ operationId, schema })),
      ),
    )
    const nameless = json.filter(({ schema }) => !('$ref' in schema) && schema.type !== 'string')
    expect(nameless.map(({ operationId }) => operationId)).toEqual([])
    expect(Object.keys(described.components.schemas).filter((name) => /^__|Output$/.test(name))).toEqual([])
  })

  test('names each parameter of a path', () => {
    for (const { path, parameters } of operations) {
      const named = (parameters ?? []).filter((one) => one.in === 'path').map(({ name }) => `{${name}}`)
      expect(path.match(/\{\w+\}/g) ?? []).toEqual(named)
    }
  })

  test('says in words what each operation and each answer is', () => {
    for (const { operationId, summary, responses } of operations) {
      const texts = [summary, ...Object.values(responses).map((response) => response.description)]
      expect(
        texts.filter((text) => text.trim() === ''),
        operationId,
      ).toEqual([])
    }
  })

  test('refers to nothing that is not there', () => {
    const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)]
    const names = Object.keys(described.components.schemas)
    expect(references.map(([, name]) => name ?? '').filter((name) => !names.includes(name))).toEqual([])
  })
})
