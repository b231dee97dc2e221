/** Triggers as lines of JSON: each is taken or refused on its own, with its number. */
import { randomUUID } from 'node:crypto'
import { notLike } from 'drizzle-orm'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { problemShape } from '../../api/problems.ts'
import { triggerEvents } from '../../db/schema/triggers.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { type Reply, takenShape } from '../harness/client.ts'
import { type Person, publish, putBrand, putPerson } from '../harness/fixtures.ts'

let assent: Assent
let person: Person
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
  await publish(assent.api, {
    entry: { trigger: 'cart.abandoned' },
    steps: [{ id: 'pause', type: 'wait', for: '1 hour' }],
  })
  person = await putPerson(assent.api)
})
afterAll(() => assent.stop())

const answerShape = z.object({
  items: z.array(
    z.object({
      line: z.number(),
      status: z.number(),
      taken: takenShape.optional(),
      code: z.string().optional(),
      detail: z.string().optional(),
      errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
    }),
  ),
  taken: z.number(),
  refused: z.number(),
})

function post(lines: readonly unknown[], end = '\n'): Promise<Reply> {
  const body = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join(end)
  return assent.api.call('POST', '/v1/triggers', body, { 'Content-Type': 'application/x-ndjson' })
}

const line = (more: Record<string, unknown> = {}) => ({
  name: 'order.placed',
  id: randomUUID(),
  contact: { externalId: person.externalId },
  ...more,
})
/** Without the events that putting a contact raises. */
const events = () => assent.deps.db.$count(triggerEvents, notLike(triggerEvents.name, 'contact.%'))

it('takes a thousand lines, each with its own answer', async () => {
  const before = await events()
  const reply = await post(Array.from({ length: 1_000 }, (_, index) => line({ payload: { index } })))
  expect(reply.status).toBe(202)
  const answer = answerShape.parse(reply.body)
  expect([answer.taken, answer.refused, answer.items.length]).toEqual([1_000, 0, 1_000])
  expect(answer.items.map((item) => item.line)).toEqual(
    Array.from({ length: 1_000 }, (_, index) => index + 1),
  )
  expect(await events()).toBe(before + 1_000)
})

it('refuses a thousand and one as a whole', async () => {
  const before = await events()
  const reply = await post(Array.from({ length: 1_001 }, () => line()))
  expect(reply.status).toBe(413)
  expect(problemShape.parse(reply.body).detail).toContain('1000')
  expect(await events()).toBe(before)
})

it('answers bad lines with their number and reason, and takes the others', async () => {
  const before = await events()
  const again = line()
  const deep = `{"name":"order.placed","contact":{"externalId":"x"},"payload":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`
  const reply = await post([
    line(),
    '{"name": "order.pl',
    line({ name: 'nobody.knows' }),
    '',
    line({ contact: { externalId: 'nobody' } }),
    again,
    again,
    { ...again, payload: { other: true } },
    line({ name: 'message.opened' }),
    line({ colour: 'red' }),
    deep,
    line({ payload: { a: '\u0000' } }),
    '{"name":"order.placed","contact":{"externalId":"x"},"payload":{"__proto__":1}}',
    '7',
    line(),
  ])
  expect(reply.status).toBe(202)
  const { items, taken, refused } = answerShape.parse(reply.body)
  expect(
    items.map((item) => [item.line, item.status, item.errors?.map((error) => error.pointer) ?? null]),
  ).toEqual([
    [1, 202, null],
    [2, 400, ['']],
    [3, 404, []],
    [5, 422, ['/contact/externalId']],
    [6, 202, null],
    [7, 202, null],
    [8, 409, ['/id']],
    [9, 403, []],
    [10, 422, ['/colour']],
    [11, 422, expect.any(Array)],
    [12, 422, ['/payload/a']],
    [13, 422, ['/payload/__proto__']],
    [14, 422, ['']],
    [15, 202, null],
  ])
  for (const item of items.filter((one) => one.status !== 202))
    expect(item.detail).toEqual(expect.any(String))
  expect([taken, refused]).toEqual([4, 10])
  expect(items.find((item) => item.line === 7)?.taken?.duplicate).toBe(true)
  expect(await events()).toBe(before + 3)
})

it('starts and moves journeys as single posts do, and takes lines that end in CR LF', async () => {
  const reply = await post([line({ name: 'cart.abandoned' }), line(), ''], '\r\n')
  const { items } = answerShape.parse(reply.body)
  expect(items.map((item) => item.taken?.started.length)).toEqual([1, 0])
})

it('sent again as a whole counts once', async () => {
  const lines = [line(), line(), line()]
  const before = await events()
  await post(lines)
  const { items } = answerShape.parse((await post(lines)).body)
  expect(items.map((item) => item.taken?.duplicate)).toEqual([true, true, true])
  expect(await events()).toBe(before + 3)
})

it('an empty body takes nothing', async () => {
  expect(answerShape.parse((await post(['', ''])).body)).toEqual({ items: [], taken: 0, refused: 0 })
})

describe('a fault of ours in one line', () => {
  it('is that line’s 500: the lines before and after it are taken and reported correctly', async () => {
    const owner = postgres(assent.environment.MIGRATION_DATABASE_URL ?? '', { max: 1, onnotice: () => {} })
    await owner.unsafe(`
      create function break_line() returns trigger language plpgsql as $$
      begin if new.payload ? 'breaks' then raise exception 'the disk is full'; end if; return new; end $$;
      create trigger break_line before insert on trigger_events for each row execute function break_line()`)
    try {
      const before = await events()
      const reply = await post([line(), line(), line({ payload: { breaks: true } }), line()])
      expect(reply.status).toBe(202)
      const { items, taken, refused } = answerShape.parse(reply.body)
      expect(items.map((item) => item.status)).toEqual([202, 202, 500, 202])
      expect([taken, refused]).toEqual([3, 1])
      expect(items[2]).toMatchObject({
        code: 'internal',
        detail: expect.stringContaining('This line was not taken'),
      })
      expect(reply.text).not.toMatch(/nothing was changed|disk/)
      expect(await events()).toBe(before + 3)
    } finally {
      await owner.unsafe('drop trigger break_line on trigger_events; drop function break_line()')
      await owner.end()
    }
  })
})

describe('text that cannot be stored', () => {
  it.each([
    ['U+0000 as it is', '{"name":"order.placed","contact":{"externalId":"x\u0000"}}', 400],
    ['U+0000 written as an escape', '{"name":"order.placed","contact":{"externalId":"x\\u0000"}}', 422],
    ['half of a surrogate pair', '{"name":"order.placed","contact":{"externalId":"x\\ud800"}}', 422],
  ])('refuses its line alone: %s', async (_, text, status) => {
    const before = await events()
    const reply = await post([line(), text, line()])
    expect(reply.status).toBe(202)
    expect(answerShape.parse(reply.body).items.map((item) => item.status)).toEqual([202, status, 202])
    expect(await events()).toBe(before + 2)
  })
})

describe('an Idempotency-Key', () => {
  const withKey = (key: string, lines: readonly unknown[]) =>
    assent.api.call('POST', '/v1/triggers', lines.map((one) => JSON.stringify(one)).join('\n'), {
      'Content-Type': 'application/x-ndjson',
      'Idempotency-Key': key,
    })
  const anonymous = (more: Record<string, unknown> = {}) => ({ ...line(more), id: undefined })

  it('gives lines without an id one each: the request again counts nothing twice', async () => {
    const key = randomUUID()
    const lines = [anonymous(), anonymous(), line(), anonymous({ name: 'cart.abandoned' })]
    const before = await events()
    const first = answerShape.parse((await withKey(key, lines)).body)
    expect(first.items.map((item) => item.taken?.duplicate)).toEqual([false, false, false, false])
    const again = answerShape.parse((await withKey(key, lines)).body)
    expect(again.items.map((item) => item.taken?.duplicate)).toEqual([true, true, true, true])
    expect(again.items.map((item) => item.taken?.event)).toEqual(first.items.map((item) => item.taken?.event))
    expect(await events()).toBe(before + 4)
  })

  it('a line that was refused may be put right under the same key, beside those that were taken', async () => {
    const key = randomUUID()
    const wrong = { ...anonymous(), contact: { externalId: `nobody-${randomUUID()}` } }
    expect(answerShape.parse((await withKey(key, [anonymous(), wrong])).body).taken).toBe(1)
    const { items } = answerShape.parse((await withKey(key, [anonymous(), anonymous()])).body)
    expect(items.map((item) => [item.status, item.taken?.duplicate])).toEqual([
      [202, true],
      [202, false],
    ])
  })

  it('used for other lines is a conflict of each, and another key is another request', async () => {
    const key = randomUUID()
    await withKey(key, [anonymous()])
    const other = answerShape.parse((await withKey(key, [anonymous({ payload: { other: true } })])).body)
    expect(other.items[0]).toMatchObject({ status: 409, code: 'trigger-id-reused' })
    const { items } = answerShape.parse((await withKey(randomUUID(), [anonymous()])).body)
    expect(items[0]?.taken?.duplicate).toBe(false)
  })
})
