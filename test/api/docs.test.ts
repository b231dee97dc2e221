import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openApi } from '../../api/openapi.ts'
import { allRoutes } from '../../api/v1/routes.ts'
import { descriptionShape, namedSchemas, operationsByTag } from '../../pages/docs/description.ts'
import { curlExample } from '../../pages/docs/example.ts'
import { docsPage, docsStyle } from '../../pages/docs.ts'

const server = 'https://assent.example.com'
/** As it goes over the wire. */
const document: unknown = JSON.parse(JSON.stringify(openApi(server)))
const description = descriptionShape.parse(document)
const operations = [...operationsByTag(description).values()].flat()
const page = docsPage(description)

/**
 * The OpenAPI Initiative's schema leaves schemas to a dialect, by a dynamic reference that Ajv follows to another place than the
 * standard says. They are held to JSON Schema itself instead.
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
    expect(problemsOf(document)).toEqual([])
  })

  test('is held to that schema, down to the schemas within', () => {
    const broken = JSON.parse(JSON.stringify(document), (_key, value: unknown) =>
      value === 'object' ? 'thing' : value,
    )
    expect(problemsOf(broken).some((problem) => problem.includes('/type must be'))).toBe(true)
  })

  test('has every route, and no other', () => {
    const described = operations.map(({ method, path }) => `${method} ${path}`)
    expect(described.sort()).toEqual(allRoutes.map(({ method, path }) => `${method} ${path}`).sort())
  })

  test('gives each operation an id of its own', () => {
    const ids = operations.map(({ operationId }) => operationId)
    expect(ids).toEqual([...new Set(ids)])
  })

  test('names each parameter that stands in a path', () => {
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
    const named = namedSchemas(description)
    const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)]
    expect(
      references.map(([, name]) => name).filter((name) => name === undefined || !named.has(name)),
    ).toEqual([])
  })
})

describe('the page', () => {
  test('shows every operation under its tag, with its path and an example', () => {
    for (const { operationId, path, method } of operations) {
      const article = page.split(`<article id="${operationId}"`)[1]?.split('</article>')[0] ?? ''
      expect(article.replaceAll(/<\/?b>/g, ''), operationId).toContain(`<code class="path">${path}</code>`)
      expect(article).toContain(`<span class="method ${method}">`)
      expect(article).toContain('<code>curl ')
      expect(page).toContain(`href="#${operationId}"`)
    }
  })

  test('links only to places that are there, each of them once', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    expect(ids).toEqual([...new Set(ids)])
    const targets = [...page.matchAll(/href="#([^"]+)"/g)].map(([, target]) => target)
    expect(targets.filter((target) => !ids.includes(target))).toEqual([])
  })

  test('runs no script, carries no style of its own and asks nobody else', () => {
    expect(page).not.toMatch(/<script|<style| style=| on\w+=|<img|<iframe/i)
    expect([...page.matchAll(/(?:src|href)="(?!#)([^"]+)"/g)].map(([, address]) => address).sort()).toEqual([
      '/docs.css',
      '/openapi.json',
    ])
    expect(docsStyle).not.toMatch(/url\(|@import/)
  })

  test('cannot be broken by what a description says', () => {
    const nasty = '</code><script>alert(1)</script>"\''
    const made = docsPage({
      info: { title: nasty, version: nasty, description: nasty },
      servers: [{ url: nasty }],
      paths: {
        [`/${nasty}`]: {
          post: {
            operationId: 'one',
            tags: [nasty],
            summary: nasty,
            description: nasty,
            requestBody: {
              content: {
                'application/json': {
                  schema: { type: 'object', properties: { [nasty]: { type: nasty, default: nasty } } },
                },
              },
            },
            responses: { 200: { description: nasty } },
          },
        },
      },
    })
    expect(made).not.toContain('<script')
  })

  test('ends on schemas that hold themselves, named or not', () => {
    const self = (name: string) => ({
      type: 'object',
      required: ['next'],
      properties: { next: { $ref: `#/components/schemas/${name}` } },
    })
    const made = docsPage({
      info: { title: 'T', version: '1' },
      servers: [{ url: server }],
      paths: Object.fromEntries(
        ['Named', '__schema0'].map((name) => [
          `/${name}`,
          {
            put: {
              operationId: name,
              tags: ['t'],
              summary: 's',
              requestBody: {
                content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } },
              },
              responses: { 200: { description: 'd' } },
            },
          },
        ]),
      ),
      components: { schemas: { Named: self('Named'), __schema0: self('__schema0') } },
    })
    expect(made).toContain('href="#shape-Named"')
    expect(made).toContain('the same again')
  })
})

describe('the example requests', () => {
  test('have bodies that the routes themselves take', () => {
    for (const operation of operations) {
      const route = allRoutes.find(
        ({ method, path }) => method === operation.method && path === operation.path,
      )
      const body = /--data-binary '(.*)'$/s.exec(
        curlExample(operation, server, namedSchemas(description)),
      )?.[1]
      if (route?.body === undefined || body === undefined) continue
      const said = body.replaceAll("'\\''", "'")
      const parsed = route.body.safeParse(route.bodyType === undefined ? JSON.parse(said) : said)
      expect(parsed.error?.issues ?? [], `${operation.operationId} ${said}`).toEqual([])
    }
  })

  test('fill in every parameter that is needed', () => {
    for (const operation of operations) {
      const line = curlExample(operation, server, namedSchemas(description)).split('\n')[0] ?? ''
      expect(line).not.toMatch(/[{}]/)
      for (const one of operation.parameters ?? []) {
        if (one.in === 'query' && one.required === true)
          expect(line).toMatch(new RegExp(`[?&]${one.name}=[^&']+`))
      }
    }
  })
})
