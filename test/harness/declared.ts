/**
 * Holds every answer that a test's requests get against the OpenAPI document: its status, its content type and its body must be
 * declared for the operation, and the body must keep to the declared schema, with no member that the schema does not name.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { z } from 'zod'
import { openApi } from '../../api/openapi.ts'
import { problemShape } from '../../api/problems.ts'
import type { Route } from '../../api/routing.ts'
import { allRoutes } from '../../api/v1/routes.ts'

const responsesShape = z.record(
  z.string(),
  z.object({
    content: z.record(z.string(), z.object({ schema: z.record(z.string(), z.unknown()) })).optional(),
  }),
)
const documentShape = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.object({ responses: responsesShape }))),
  components: z.record(z.string(), z.unknown()),
})

/** The document is the same for all of a process; its schemas are compiled as they are met. */
const document = documentShape.parse(JSON.parse(JSON.stringify(openApi('http://assent.test'))))
const ajv = new Ajv2020({ strict: false, allErrors: true })
formats.default(ajv)
ajv.addSchema({ $id: 'assent', components: document.components })
const compiled = new Map<string, ValidateFunction>()

const patterns = allRoutes.map((route) => ({
  route,
  pattern: new RegExp(`^${route.path.replace(/\{\w+\}/g, '[^/]+')}/?$`),
}))

export class Declared {
  readonly #undeclared = new Set<string>()

  /** The same listener, watched. */
  watch(listener: RequestListener): RequestListener {
    return (request, response) => {
      const route = routeOf(request)
      if (route !== null) {
        const body = captured(response)
        response.once('finish', () => {
          const wrong = undeclared(route, response, body(), request.method === 'HEAD')
          if (wrong !== null) this.#undeclared.add(`${route.operationId} answered ${wrong}`)
        })
      }
      listener(request, response)
    }
  }

  /** @throws Error that names every answer which the document does not declare */
  check(): void {
    if (this.#undeclared.size === 0) return
    const found = [...this.#undeclared].map((one) => `  - ${one}`).join('\n')
    throw new Error(
      `The OpenAPI document does not declare what was answered. Declare it with the route (refuses, responses) or mend the answer:\n${found}`,
    )
  }
}

function routeOf(request: IncomingMessage): Route | null {
  const path = (request.url ?? '').split('?')[0] ?? ''
  const method = request.method === 'HEAD' ? 'get' : (request.method ?? '').toLowerCase()
  // A path that is written out wins over one with a parameter, as it does in the router.
  const found = patterns.filter(({ route, pattern }) => route.method === method && pattern.test(path))
  return found.find(({ route }) => !route.path.includes('{'))?.route ?? found[0]?.route ?? null
}

/** Collects what is written as the body. */
function captured(response: ServerResponse): () => string {
  const chunks: Buffer[] = []
  const keep = (chunk: unknown): void => {
    if (typeof chunk === 'string') chunks.push(Buffer.from(chunk))
    else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk))
  }
  for (const name of ['write', 'end'] as const) {
    const original = response[name]
    Object.defineProperty(response, name, {
      configurable: true,
      value: (...given: unknown[]) => {
        keep(given[0])
        return Reflect.apply(original, response, given)
      },
    })
  }
  return () => Buffer.concat(chunks).toString('utf8')
}

/** What is not declared of an answer; null where all of it is. */
function undeclared(route: Route, response: ServerResponse, body: string, head: boolean): string | null {
  const status = String(response.statusCode)
  const declared = document.paths[route.path]?.[route.method]?.responses[status]
  const said = `${status} ${body.slice(0, 300)}`
  if (declared === undefined) return said
  if (head || status === '204') return null
  const type = String(response.getHeader('Content-Type') ?? '').split(';')[0] ?? ''
  const schema = declared.content?.[type]?.schema
  if (schema === undefined) return `${status} in ${type}`
  if (!type.endsWith('json')) return null
  const name = `${route.operationId} ${status}`
  const validate = compiled.get(name) ?? ajv.compile(withinDocument(schema))
  compiled.set(name, validate)
  const parsed: unknown = JSON.parse(body)
  if (validate(parsed)) return type === 'application/problem+json' ? noSentence(parsed) : null
  const [first] = validate.errors ?? []
  return `${status} with a body that breaks its schema: ${first?.instancePath} ${first?.message} ${JSON.stringify(first?.params)}`
}

/** Texts for a caller are sentences: they say what is wrong, and what to do next. */
const sentence = /^[A-Z\d"].*[.?]$/s

/** The first text of a problem document that is no sentence; null where all are. */
function noSentence(body: unknown): string | null {
  const { detail, errors, code } = problemShape.parse(body)
  const wrong = [detail, ...errors.map(({ message }) => message)].find((text) => !sentence.test(text))
  return wrong === undefined ? null : `${code} with a text that is no sentence: ${wrong}`
}

function withinDocument(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"assent#/components/'))
}
