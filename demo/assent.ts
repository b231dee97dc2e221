/** What the shop asks of Assent over REST, from its server: the key never reaches a browser. */
import { z } from 'zod'

/** Why a request was refused, as the problem document says it (RFC 9457). */
export interface Problem {
  readonly title: string
  readonly detail: string | undefined
  readonly errors: readonly { readonly pointer: string; readonly message: string }[]
}

export type Answer<T> =
  | { readonly ok: true; readonly status: number; readonly value: T }
  /** `status` is 0 where nobody answered. */
  | { readonly ok: false; readonly status: number; readonly problem: Problem }

const problemShape = z.object({
  title: z.string().default('The request was refused'),
  detail: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })).default([]),
})

const contactShape = z.object({})
const takenShape = z.object({
  started: z.array(z.string()),
  signalled: z.array(z.string()),
  duplicate: z.boolean(),
})
const requestShape = z.object({ id: z.string(), state: z.string(), workflowId: z.string() })
const pathShape = z.object({
  step: z.string(),
  at: z.string(),
  outcome: z.string(),
  reason: z.string().nullish(),
  delivery: z.string().nullish(),
})
const runShape = z.object({
  id: z.string(),
  journey: z.string(),
  version: z.number(),
  state: z.string(),
  workflowId: z.string(),
  endReason: z.string().nullish(),
  waitingFor: z.object({ step: z.string(), until: z.string().nullable() }).nullish(),
  path: z.array(pathShape),
})
/** Loose: what else a delivery has is shown as it came. */
const deliveryShape = z.looseObject({
  id: z.string(),
  message: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  purpose: z.string(),
  topic: z.string().nullable(),
  handedOverAt: z.string().nullish(),
  decision: z
    .looseObject({
      reason: z.string(),
      tracking: z.looseObject({ allowed: z.boolean(), reason: z.string() }),
      basis: z.array(z.string()),
    })
    .nullish(),
  decisionInput: z
    .looseObject({
      purpose: z.looseObject({ kind: z.string().optional(), enforcement: z.string().optional() }),
    })
    .nullish(),
})
const runsShape = z.object({ items: z.array(z.object({ id: z.string() })) })
const consentsShape = z.object({
  states: z.array(
    z.object({
      purpose: z.string(),
      topic: z.string().nullish(),
      state: z.string(),
      pending: z.boolean().nullish(),
    }),
  ),
})

export type Taken = z.infer<typeof takenShape>
export type DoubleOptIn = z.infer<typeof requestShape>
export type Run = z.infer<typeof runShape>
export type Delivery = z.infer<typeof deliveryShape>
export type ConsentState = z.infer<typeof consentsShape>['states'][number]

/** What `PUT /v1/contacts/{externalId}` takes of us. */
export interface Contact {
  readonly email: string
  readonly attributes: Readonly<Record<string, string>>
  readonly locale: string
}

export class Assent {
  readonly #api: string
  readonly #apiKey: string

  constructor(options: { api: string; apiKey: string }) {
    this.#api = options.api
    this.#apiKey = options.apiKey
  }

  putContact(externalId: string, contact: Contact): Promise<Answer<unknown>> {
    return this.#ask('PUT', `/v1/contacts/${externalId}`, contactShape, contact)
  }

  contact(externalId: string): Promise<Answer<unknown>> {
    return this.#ask('GET', `/v1/contacts/${externalId}`, contactShape)
  }

  requestDoubleOptIn(body: object): Promise<Answer<DoubleOptIn>> {
    return this.#ask('POST', '/v1/double-opt-ins', requestShape, body)
  }

  doubleOptIn(id: string): Promise<Answer<DoubleOptIn>> {
    return this.#ask('GET', `/v1/double-opt-ins/${id}`, requestShape)
  }

  trigger(name: string, body: object): Promise<Answer<Taken>> {
    return this.#ask('POST', `/v1/triggers/${name}`, takenShape, body)
  }

  run(id: string): Promise<Answer<Run>> {
    return this.#ask('GET', `/v1/runs/${id}`, runShape)
  }

  delivery(id: string): Promise<Answer<Delivery>> {
    return this.#ask('GET', `/v1/deliveries/${id}`, deliveryShape)
  }

  /** The newest runs of a contact through a journey. */
  runsOf(journey: string, externalId: string): Promise<Answer<z.infer<typeof runsShape>>> {
    const query = new URLSearchParams({ journey, contact: externalId })
    return this.#ask('GET', `/v1/runs?${query}`, runsShape)
  }

  consents(email: string): Promise<Answer<z.infer<typeof consentsShape>>> {
    const query = new URLSearchParams({ channel: 'email', address: email })
    return this.#ask('GET', `/v1/consents?${query}`, consentsShape)
  }

  async #ask<T>(
    method: 'GET' | 'PUT' | 'POST',
    path: string,
    shape: z.ZodType<T>,
    body?: object,
  ): Promise<Answer<T>> {
    let status = 0
    try {
      const response = await fetch(new URL(path, this.#api), {
        method,
        headers: {
          authorization: `Bearer ${this.#apiKey}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(10_000),
      })
      status = response.status
      const text = await response.text()
      const value: unknown = text === '' ? {} : JSON.parse(text)
      if (!response.ok) return { ok: false, status, problem: readProblem(value) }
      return { ok: true, status, value: shape.parse(value) }
    } catch (error) {
      const detail = error instanceof z.ZodError ? z.prettifyError(error) : undefined
      const title =
        status === 0 ? 'Assent does not answer just now' : 'Assent gave an answer the shop cannot read'
      return { ok: false, status, problem: { title, detail, errors: [] } }
    }
  }
}

function readProblem(value: unknown): Problem {
  const { title, detail, errors } = problemShape.parse(value)
  return { title, detail, errors }
}
