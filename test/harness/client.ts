/** Speaks to the API as a caller does, over HTTP, and reads its answers by shape. */
import { z } from 'zod'

export type Reply = { status: number; body: unknown; text: string; headers: Headers }

export class ApiClient {
  readonly url: string
  readonly #key: string

  constructor(url: string, key: string) {
    this.url = url
    this.#key = key
  }

  /** Whatever the answer is. A string is sent as it stands, anything else as JSON. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const response = await fetch(new URL(path, this.url), {
      method,
      redirect: 'manual',
      headers: {
        Authorization: `Bearer ${this.#key}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const json = response.headers.get('Content-Type')?.includes('json') === true
    return { status: response.status, body: json ? JSON.parse(text) : null, text, headers: response.headers }
  }

  /** A success, read by its shape; anything else fails the test with what was answered. */
  async ok<S extends z.ZodType>(method: string, path: string, body: unknown, shape: S): Promise<z.output<S>> {
    const reply = await this.call(method, path, body)
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`)
    return shape.parse(reply.body)
  }

  async put(path: string, body: unknown): Promise<void> {
    await this.ok('PUT', path, body, anything)
  }
}

export const anything = z.unknown()
export const idOf = z.looseObject({ id: z.string() })
export const takenShape = z.object({
  event: z.string(),
  started: z.array(z.string()),
  signalled: z.array(z.string()),
  skipped: z.array(z.object({ journey: z.string(), code: z.string() })),
  duplicate: z.boolean(),
})
export const runShape = z.looseObject({
  id: z.string(),
  state: z.string(),
  endReason: z.string().nullable(),
  waitingFor: z.object({ step: z.string(), why: z.string(), until: z.string().nullable() }).nullable(),
  path: z.array(
    z.looseObject({
      step: z.string(),
      outcome: z.string(),
      reason: z.string().nullable(),
      delivery: z.string().nullable(),
      at: z.string(),
    }),
  ),
})
export type RunAnswer = z.output<typeof runShape>
export const deliveryShape = z.looseObject({
  id: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  attempt: z.number(),
  tracksOpens: z.boolean(),
  providerId: z.string().nullable(),
  createdAt: z.string(),
  settledAt: z.string().nullable(),
})
