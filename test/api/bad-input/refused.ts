/**
 * What the tests of bad input share: an Assent with something in it, and the proof that a request was refused as it should be:
 * with a problem document (RFC 9457), a pointer where a field is to blame, and not a row changed.
 */
import { expect } from 'vitest'
import { problemShape } from '../../../api/problems.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import type { Reply } from '../../harness/client.ts'
import { type Person, publish, putBrand, putPerson, startRunOf } from '../../harness/fixtures.ts'
import { countRows } from '../../harness/rows.ts'
import { until } from '../../harness/until.ts'

export type Bad = {
  /** POST unless said. */
  method?: string
  path: string
  /** A string or bytes are sent as they are. */
  body?: unknown
  headers?: Record<string, string>
  status: number
  /** Pointers of the errors; left out: whatever they are. */
  pointers?: string[]
}

export const consent = {
  contactPoint: { channel: 'email', address: 'bad-input@example.com' },
  purpose: 'marketing',
  state: 'opted-in',
  source: { kind: 'api' },
  circumstances: 'ticked the box',
  notice: { id: 'sign-up', version: '1', language: 'en', wording: 'Yes, write to me.' },
}

export class Furnished {
  readonly assent: Assent
  readonly person: Person
  readonly #database: string

  private constructor(assent: Assent, person: Person) {
    this.assent = assent
    this.person = person
    this.#database = assent.environment.DATABASE_URL ?? ''
  }

  static async start(): Promise<Furnished> {
    const assent = await startAssent({ worker: false })
    const { api } = assent
    await putBrand(api)
    await api.put('/v1/trigger-definitions/order.paid', {
      description: 'An order was paid',
      schema: {
        type: 'object',
        properties: {
          total: { type: 'number', minimum: 0 },
          lines: { type: 'array', items: { type: 'string' } },
        },
        required: ['total'],
        additionalProperties: false,
      },
    })
    await api.put('/v1/trigger-definitions/newcomer.seen', { description: 'New', createContact: true })
    const steps = [{ id: 'pause', type: 'wait', for: '1 hour' }]
    await publish(api, { entry: { trigger: 'newcomer.seen' }, steps })
    const furnished = new Furnished(assent, await putPerson(api))
    await startRunOf(api, await publish(api, { steps }), furnished.person)
    await until('an empty outbox', async () => (await countRows(furnished.#database)).outbox === 0)
    return furnished
  }

  async send({ method = 'POST', path, body, headers = {} }: Bad): Promise<Reply> {
    const { api, environment, url } = this.assent
    if (!(body instanceof Uint8Array)) return api.call(method, path, body, headers)
    const response = await fetch(new URL(path, url), {
      method,
      body: Buffer.from(body),
      headers: {
        Authorization: `Bearer ${environment.ASSENT_API_KEY}`,
        'Content-Type': 'application/json',
        ...headers,
      },
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: JSON.parse(text) }
  }

  async refuses(bad: Bad): Promise<void> {
    const before = await countRows(this.#database)
    const reply = await this.send(bad)
    expect([reply.status, reply.text]).toEqual([bad.status, expect.any(String)])
    expect(reply.headers.get('Content-Type')).toMatch(/^application\/problem\+json/)
    const problem = problemShape.parse(reply.body)
    expect(problem.status).toBe(bad.status)
    for (const text of [problem.type, problem.title, problem.detail]) expect(text).not.toBe('')
    const pointers = new Set(problem.errors.map((error) => error.pointer))
    if (bad.pointers !== undefined) expect(pointers).toEqual(new Set(bad.pointers))
    // Nothing of the inside is told.
    expect(reply.text).not.toMatch(/node_modules|select |insert |postgres|at \w+ \(/i)
    expect(await countRows(this.#database)).toEqual(before)
  }
}
