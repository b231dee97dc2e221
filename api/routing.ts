/**
 * Routes as data: method, path, shapes and handler in one place. From it come the Express route, the validation and the
 * entry in the OpenAPI document, so that the three cannot differ.
 */
import { createHash } from 'node:crypto'
import type { Express, Request, RequestHandler, Response } from 'express'
import { z } from 'zod'
import { canonicalBytes } from '../domain/ledger/canonical.ts'
import { nearest } from '../domain/nearest.ts'
import { type FieldError, invalidFields, Refusal, type RefusalCode } from '../domain/refusal.ts'
import { fieldErrors, pointerPart, tryRead } from '../domain/shapes/read.ts'
import { unreadable } from '../domain/shapes/readable.ts'
import type { Deps } from '../transactions/deps.ts'
import { onceFor } from '../transactions/onceFor.ts'
import type { Authenticate } from './authenticate.ts'
import { isEmptyBody, jsonBody, linesBody } from './bodies.ts'
import { clientNetwork } from './clientAddress.ts'
import { prettyParameter, sendJson } from './json.ts'
import { onlyMethods } from './methods.ts'
import { note } from './requests.ts'
import { type Caller, permits, type Scope } from './scopes.ts'

type Method = 'get' | 'put' | 'patch' | 'post' | 'delete'

/**
 * A handler's answer; without a body if `body` is undefined. `headers` and `text` are for the few answers that are not
 * JSON.
 */
export type Answer = {
  status: number
  body?: unknown
  /** The answer to a repeated request with the same Idempotency-Key, if the body contains a secret. */
  remembered?: unknown
  text?: { type: string; content: string }
}

type Shape = z.ZodType | undefined
type Out<S> = S extends z.ZodType ? z.output<S> : undefined

type Call<P extends Shape, Q extends Shape, B extends Shape> = {
  params: Out<P>
  query: Out<Q>
  body: Out<B>
  caller: Caller
  /** A transaction of its own if the request has an Idempotency-Key; else `deps` itself. */
  deps: Deps
  accepts: (type: string) => boolean
  /** The public base URL, for links in the answer. */
  publicUrl: string
  /** For a route that creates by line; null where the request has none. */
  idempotencyKey: string | null
}

type Spec<P extends Shape, Q extends Shape, B extends Shape> = {
  method: Method
  /** OpenAPI's writing: `/v1/profiles/{key}`. */
  path: string
  /** Readable and unique (`putProfile`): clients generated from the document name their methods after it. */
  operationId: string
  tag: string
  summary: string
  description?: string
  /** Any of these suffices, as does `admin`; null: no key is needed. */
  scopes: readonly Scope[] | null
  params?: P
  query?: Q
  body?: B
  /** Media type of the body, where it is not JSON; its handler gets the raw text. */
  bodyType?: string
  /** Successes by status. `page`: `Accept: text/html` gives the same as a page. */
  responses: Record<number, { description: string; schema?: z.ZodType; type?: string; page?: boolean }>
  /** Codes that this route answers beyond those that follow from its shape (`codesOf` in `openapi.ts`). */
  refuses?: readonly RefusalCode[]
  /** Honours Idempotency-Key: for the request as a whole, or, `by-line`, in its handler for each part of it. */
  creates?: boolean | 'by-line'
  /** Only reads, although it is no GET: nothing is written, so the dispatcher need not be woken. */
  reads?: boolean
  handle: (call: Call<P, Q, B>) => Promise<Answer>
}

/** A route with its types folded in. */
export type Route = Omit<Spec<Shape, Shape, Shape>, 'handle'> & {
  run(
    raw: { params: unknown; query: unknown; body: unknown },
    rest: Omit<Call<Shape, Shape, Shape>, 'params' | 'query' | 'body'>,
  ): Promise<Answer>
}

export function route<P extends Shape = undefined, Q extends Shape = undefined, B extends Shape = undefined>(
  spec: Spec<P, Q, B>,
): Route {
  const { handle, ...rest } = spec
  return {
    ...rest,
    run: (raw, call) => {
      refuseUnknown(spec.query, raw.query)
      return handle({
        ...call,
        params: parse<P>(spec.params, raw.params, 'path'),
        query: parse<Q>(spec.query, raw.query, 'query'),
        body: parse<B>(spec.body, raw.body, 'body'),
      })
    },
  }
}

/** Most unknown parameters listed in one answer; a URL has room for thousands. */
const mostNamed = 20
/** Characters of a parameter's name that are repeated. */
const longestQuoted = 100

/** An unknown parameter would have no effect, and the caller would misunderstand the answer: `?emial=…` for one person. */
function refuseUnknown(shape: Shape, query: unknown): void {
  const known = [...(shape instanceof z.ZodObject ? Object.keys(shape.shape) : []), prettyParameter]
  const unknown = Object.keys(asObject(query)).filter((name) => !known.includes(name))
  if (unknown.length === 0) return
  const errors = unknown.slice(0, mostNamed).map((name): FieldError => {
    const meant = nearest(name, known)
    const hint = meant === null ? `This route takes ${known.join(', ')}.` : `Did you mean "${meant}"?`
    return {
      pointer: `/query/${pointerPart(name)}`,
      code: 'unknown-parameter',
      message: `There is no query parameter "${name.slice(0, longestQuoted)}" here. ${hint}`,
    }
  })
  throw invalidFields(errors, 'the query')
}

/** A wrong path is answered as not found; a wrong query or body names its field. */
function parse<S extends Shape>(shape: S | undefined, value: unknown, part: 'path' | 'query' | 'body'): Out<S>
function parse(shape: Shape, value: unknown, part: 'path' | 'query' | 'body'): unknown {
  if (shape === undefined) return undefined
  const parsed = tryRead(shape, value)
  if (parsed.success) return parsed.data
  const errors = fieldErrors(parsed.error, part === 'body' ? '' : `/${part}`)
  if (part !== 'path') throw invalidFields(errors, `the ${part}`)
  throw new Refusal('route-not-found', 'There is nothing at this address: errors says which part is wrong.', {
    errors,
  })
}

/** The dependencies of the routes. */
type Given = {
  deps: Deps
  authenticate: Authenticate
  publicUrl: string
  afterCommit: () => void
}

export function mountRoutes(app: Express, routes: readonly Route[], given: Given): void {
  const paths = new Map<string, Set<string>>()
  for (const one of routes) {
    const path = one.path.replace(/\{(\w+)\}/g, ':$1')
    app[one.method](path, handlerOf(one, given))
    paths.set(path, (paths.get(path) ?? new Set()).add(one.method.toUpperCase()))
  }
  for (const [path, methods] of paths) app.all(path, onlyMethods(methods))
}

function handlerOf(one: Route, given: Given): RequestHandler {
  return async (request, response) => {
    // The key comes first: without a valid key no body is read.
    const caller = await callerOf(one, request, given)
    note(response, { key: caller.id })
    await readBody(one, request, response)
    const idempotencyKey = keyOf(one, request)
    const key = one.creates === true ? idempotencyKey : null
    const raw = { params: request.params, query: request.query, body: bodyOf(one, request) }
    refuseUnreadable(raw.query, '/query')
    // A body that is no JSON is checked by its handler, which knows its parts.
    if (one.bodyType === undefined) refuseUnreadable(raw.body, '')
    const run = (deps: Deps) =>
      one.run(raw, {
        caller,
        deps,
        publicUrl: given.publicUrl,
        accepts: (type) => request.accepts(['application/json', type]) === type,
        idempotencyKey,
      })
    const answer: Answer =
      key === null
        ? await run(given.deps)
        : await onceFor(given.deps, { caller: caller.id, key, fingerprint: fingerprintOf(one, raw) }, run)
    if (one.method !== 'get' && one.reads !== true) given.afterCommit()
    response.status(answer.status)
    if (answer.text !== undefined) response.type(answer.text.type).send(answer.text.content)
    else if (answer.body === undefined) response.end()
    else sendJson(response, answer.body)
  }
}

/** Characters of an Idempotency-Key. */
const longestKey = 200

/** The request's Idempotency-Key, where the route honours one. */
function keyOf(one: Route, request: Request): string | null {
  const key = one.creates === undefined ? undefined : request.get('Idempotency-Key')
  if (key === '') {
    // If an empty header counted as a key, unrelated requests with it would count as repetitions.
    throw new Refusal(
      'idempotency-key-invalid',
      'The Idempotency-Key is empty. Send a key of its own for each request, or leave the header out.',
    )
  }
  if (key !== undefined && key.length > longestKey) {
    throw new Refusal(
      'idempotency-key-invalid',
      `The Idempotency-Key is longer than ${longestKey} characters. Send a shorter one, such as a UUID.`,
    )
  }
  return key ?? null
}

async function callerOf(
  one: Route,
  request: Request,
  given: { authenticate: Authenticate },
): Promise<Caller> {
  if (one.scopes === null) return { id: 'nobody', scopes: [] }
  const caller = await given.authenticate(request.get('Authorization'), () => clientNetwork(request))
  if (!permits(caller, one.scopes)) {
    throw new Refusal(
      'scope-missing',
      `This needs a key with the scope ${one.scopes.join(' or ')}. An administrator makes one with POST /v1/keys.`,
    )
  }
  return caller
}

async function readBody(one: Route, request: Request, response: Response): Promise<void> {
  if (one.body === undefined) return
  const parse = one.bodyType === 'application/x-ndjson' ? linesBody : jsonBody
  await new Promise<void>((resolve, reject) => {
    parse(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(error)))
  })
}

function bodyOf(one: Route, request: Request): unknown {
  if (one.body === undefined) return undefined
  const wanted = one.bodyType ?? 'application/json'
  const length = Number(request.get('Content-Length') ?? 0)
  const absent = length === 0 && request.get('Transfer-Encoding') === undefined
  // If a lost body counted as `{}`, it would replace the stored value with nothing.
  if ((absent || isEmptyBody(request)) && (one.method === 'put' || one.method === 'patch')) {
    const message = 'The body is missing. Send the whole document as JSON.'
    throw new Refusal('body-missing', message, { errors: [{ pointer: '', code: 'body-missing', message }] })
  }
  if (absent) return one.bodyType === undefined ? {} : ''
  if (!request.is([wanted, ...(one.bodyType === undefined ? ['application/*+json'] : [])])) {
    throw new Refusal(
      'content-type-unsupported',
      `The body must be ${wanted}. Send it so, with this Content-Type.`,
    )
  }
  const body: unknown = request.body
  return body
}

/** Must run before any other code reads the value. */
export function refuseUnreadable(value: unknown, prefix: string): void {
  const problem = unreadable(value, prefix)
  if (problem !== null) throw invalidFields([problem], 'the request')
}

function fingerprintOf(one: Route, raw: { params: unknown; query: unknown; body: unknown }): Uint8Array {
  const said = canonicalBytes({
    route: `${one.method} ${one.path}`,
    params: { ...asObject(raw.params) },
    body: raw.body ?? null,
  })
  return createHash('sha256').update(said).digest()
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {}
}
