/** Variables that a message reads are checked against what brings it, when the message is put and when a journey takes it up. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { type Assent, startAssent } from '../harness/assent.ts'
import { commercial, putBrand } from '../harness/fixtures.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
  await assent.api.put('/v1/trigger-definitions/workshop.booked', {
    description: 'A workshop was booked',
    schema: { type: 'object', properties: { workshop: { type: 'string' } } },
  })
})
afterAll(() => assent.stop())

const answerShape = z.object({
  problems: z.array(
    z.object({ severity: z.string(), pointer: z.string(), code: z.string().optional(), message: z.string() }),
  ),
})

async function put(path: string, body: Record<string, unknown>) {
  const answer = await assent.api.call('PUT', path, body)
  expect(answer.status).toBe(200)
  return answerShape.parse(answer.body).problems
}

const journey = (message: string) => ({
  name: 'Booked',
  entry: { trigger: 'workshop.booked' },
  steps: [{ id: 'thanks', type: 'send', message }],
})
const mistyped = commercial('Thanks', { subject: 'Thank you for {{ trigger.wrkshop }}' })

it('a message that reads what no trigger brings is stored with a warning that names the nearest name', async () => {
  await put('/v1/messages/thanks', commercial('Thanks'))
  await put('/v1/journeys/booked', journey('thanks'))
  expect(await put('/v1/messages/thanks', mistyped)).toEqual([
    {
      severity: 'warning',
      pointer: '/subject',
      code: 'unknown-variable',
      message:
        'Line 1: {{ trigger.wrkshop }} renders empty: workshop.booked has no "wrkshop". Did you mean trigger.workshop?',
    },
  ])
  const mended = commercial('Thanks', { subject: 'Thank you for {{ trigger.workshop }}' })
  expect(await put('/v1/messages/thanks', mended)).toEqual([])
})

it('a journey that takes up such a message says so at its step', async () => {
  expect(await put('/v1/messages/thanks-too', mistyped)).toEqual([])
  const [problem, ...more] = await put('/v1/journeys/booked-too', journey('thanks-too'))
  expect(more).toEqual([])
  expect(problem).toMatchObject({
    severity: 'warning',
    pointer: '/steps/0/message',
    code: 'unknown-variable',
    message: expect.stringContaining('Did you mean trigger.workshop?'),
  })
})

it('contact and profile are checked whatever brings the message, and a confirmation against what is confirmed', async () => {
  const greeting = commercial('Hello', { subject: 'Hello {{ contact.firstName }} from {{ profile.nmae }}' })
  expect((await put('/v1/messages/hello', greeting)).map(({ message }) => message)).toEqual([
    expect.stringContaining('contact.attributes.firstName'),
    expect.stringContaining('Did you mean profile.name?'),
  ])
  const confirm = {
    channel: 'email',
    purpose: 'service',
    subject: 'Please confirm',
    text: '{% for grant in trigger.grnts %}{{ grant.name }}{% endfor %} {{ links.confirm }}',
  }
  expect(await put('/v1/messages/confirm', confirm)).toMatchObject([
    { pointer: '/text', message: expect.stringContaining('Did you mean trigger.grants?') },
  ])
})
