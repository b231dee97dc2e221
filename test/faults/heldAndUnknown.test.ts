/** What operators do about deliveries that are held, or whose outcome is unknown, and what these say of themselves. */
import { randomUUID } from 'node:crypto'
import { and, eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { problemShape } from '../../api/problems.ts'
import { deliveries } from '../../db/schema/deliveries.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { optIn, optOut, type Person, publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { LogLines } from '../harness/logLines.ts'
import { type Conduct, SmtpServer } from '../harness/smtp.ts'
import { until } from '../harness/until.ts'

const deliveryShape = z.looseObject({
  id: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  explanation: z.string(),
  attempt: z.number(),
  settledByHand: z.unknown(),
  decision: z.looseObject({ explanation: z.string() }).nullable(),
})

const log = new LogLines()
let smtp: SmtpServer
let assent: Assent
/** Sends a commercial mail, waits for somebody to open it, and goes on. */
let journey: string
beforeAll(async () => {
  smtp = await SmtpServer.start()
  assent = await startAssent({ smtp: smtp.url, log: log.open('test') })
  await putBrand(assent.api)
  journey = await publish(assent.api, {
    reentry: 'always',
    steps: [
      { id: 'one', type: 'send', message: 'first' },
      { id: 'pause', type: 'wait', for: '1 hour' },
    ],
  })
})
afterAll(async () => {
  await assent.stop()
  await smtp.stop()
})

async function started(...conducts: Conduct[]): Promise<{ person: Person; run: string }> {
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  smtp.plan(person.email, ...conducts)
  return { person, run: await startRunOf(assent.api, journey, person) }
}

const ofRun = z.object({ items: z.array(deliveryShape) })
async function deliveryOf(run: string): Promise<z.output<typeof deliveryShape> | undefined> {
  return (await assent.api.ok('GET', `/v1/deliveries?run=${run}`, undefined, ofRun)).items[0]
}
const inState = (run: string, state: string) =>
  until(`a delivery that is ${state}`, async () => {
    const delivery = await deliveryOf(run)
    return delivery?.state === state ? delivery : null
  })
const problem = async (path: string, body?: unknown) =>
  problemShape.parse((await assent.api.call('POST', path, body)).body)

const later: Conduct = { at: 'recipient', reply: '451 4.3.0 later' }

/** Held, and not tried again for an hour: so whatever is tried sooner was asked for. */
async function heldForAnHour(): Promise<{ person: Person; run: string; id: string }> {
  const { person, run } = await started(later)
  const { id } = await inState(run, 'held')
  const hour = sql`clock_timestamp() + interval '1 hour'`
  await until('the pause to be an hour', async () => {
    const held = and(eq(deliveries.id, id), eq(deliveries.state, 'held'))
    const rows = await assent.deps.db.transaction((tx) =>
      tx.update(deliveries).set({ heldUntil: hour }).where(held).returning(),
    )
    return rows.length > 0
  })
  return { person, run, id }
}

describe('a held delivery', () => {
  it('is tried at once when it is asked for, and leaves once', async () => {
    const { person, run, id } = await heldForAnHour()
    const held = await deliveryOf(run)
    expect(held).toMatchObject({ state: 'held', reason: 'refused-for-now' })
    expect(held?.explanation).toContain('refused it for now')
    const answer = await assent.api.call('POST', `/v1/deliveries/${id}/retry`)
    expect([answer.status, answer.body]).toEqual([202, { id }])
    await until('the mail', async () => {
      await assent.api.call('POST', `/v1/deliveries/${id}/retry`)
      return (await deliveryOf(run))?.state === 'sent'
    })
    expect(smtp.letters(person.email)).toHaveLength(1)
    await assent.runWaits(run, 'pause')
    expect(await problem(`/v1/deliveries/${id}/retry`)).toMatchObject({ status: 409, code: 'not-held' })
  })

  it('is decided again: a person who has withdrawn since gets nothing', async () => {
    const { person, run, id } = await heldForAnHour()
    await optOut(assent.api, person.email, 'marketing')
    expect((await assent.api.call('POST', `/v1/deliveries/${id}/retry`)).status).toBe(202)
    expect(await inState(run, 'blocked')).toMatchObject({ reason: 'opted-out' })
    expect(smtp.letters(person.email)).toEqual([])
  })

  it('keeps the end of its step: asking again does not lengthen it', async () => {
    const short = await publish(assent.api, {
      steps: [{ id: 'one', type: 'send', message: 'first', expires: '6 seconds' }],
    })
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    smtp.plan(person.email, ...Array.from({ length: 500 }, () => later))
    const run = await startRunOf(assent.api, short, person)
    const { id } = await inState(run, 'held')
    const ended = until('the end', async () => {
      await assent.api.call('POST', `/v1/deliveries/${id}/retry`)
      return (await deliveryOf(run))?.state === 'expired'
    })
    expect(await ended).toBe(true)
    expect((await assent.runEnded(run)).path[0]).toMatchObject({ outcome: 'expired' })
  })

  it('leaves a line in the log that names it, the run and the numbers of the server’s answer', async () => {
    const { person, run } = await started({ at: 'recipient', reply: '450 4.2.1 person mailbox busy' })
    const { id } = await inState(run, 'sent')
    const lines = log.lines().filter((line) => line.msg === 'delivery' && line.delivery === id)
    expect(lines).toMatchObject([
      { level: 40, run, step: 'one', state: 'held', reason: 'refused-for-now', code: 450, enhanced: '4.2.1' },
      { level: 30, run, step: 'one', state: 'sent', reason: null, code: 250, attempt: 2 },
    ])
    expect(log.text()).not.toContain(person.email)
  })
})

describe('a delivery whose outcome is unknown', () => {
  const lost: Conduct = { at: 'in-body', drop: true }
  const settle = (id: string, body: unknown) => assent.api.call('POST', `/v1/deliveries/${id}/settle`, body)
  const reason = 'The mail server logged it as delivered'

  it.each(['sent', 'failed'] as const)('is settled by hand as %s; the run is not moved', async (state) => {
    const { run } = await started(lost)
    const { id, explanation } = await inState(run, 'unknown')
    expect(explanation).toContain('may have arrived')
    const before = await assent.runWaits(run, 'pause')
    const answer = await settle(id, { state, reason })
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({
      state,
      reason: 'settled-by-hand',
      settledByHand: { by: 'environment', reason },
    })
    expect(deliveryShape.parse(answer.body).explanation).toContain(reason)
    const after = await assent.run(run)
    expect(after.path[0]).toMatchObject({ step: 'one', outcome: state, reason: 'settled-by-hand' })
    expect(after.path.map((step) => step.at)).toEqual(before.path.map((step) => step.at))
    expect([after.state, after.waitingFor]).toEqual([before.state, before.waitingFor])
    expect(log.lines().filter((line) => line.delivery === id)).toMatchObject([
      { state: 'unknown', reason: 'no-answer' },
      { state, reason: 'settled-by-hand' },
    ])
  })

  it('is settled once, and no other delivery is', async () => {
    const { run } = await started(lost)
    const { id } = await inState(run, 'unknown')
    const answers = await Promise.all([
      settle(id, { state: 'sent', reason }),
      settle(id, { state: 'failed', reason }),
    ])
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 409])
    expect(await problem(`/v1/deliveries/${id}/settle`, { state: 'sent', reason })).toMatchObject({
      status: 409,
      code: 'not-unknown',
    })
    expect((await settle(randomUUID(), { state: 'sent', reason })).status).toBe(404)
    const { run: well } = await started()
    const sent = await inState(well, 'sent')
    expect((await settle(sent.id, { state: 'failed', reason })).status).toBe(409)
    expect(await deliveryOf(well)).toMatchObject({ state: 'sent' })
  })

  it.each([
    [{ state: 'sent' }, '/reason'],
    [{ reason }, '/state'],
    [{ state: 'held', reason }, '/state'],
    [{ state: 'sent', reason: '' }, '/reason'],
    [{ state: 'sent', reason: 'two\nlines' }, '/reason'],
  ])('is not settled by %j', async (body, pointer) => {
    const said = await problem(`/v1/deliveries/${randomUUID()}/settle`, body)
    expect([said.status, said.errors[0]?.pointer]).toEqual([422, pointer])
  })
})

it('a delivery’s decision is explained in the same way as the check’s', async () => {
  const person = await putPerson(assent.api)
  const run = await startRunOf(assent.api, journey, person)
  const blocked = await inState(run, 'blocked')
  const checked = await assent.api.call('POST', '/v1/consents/check', {
    contactPoint: { channel: 'email', address: person.email },
    purpose: 'marketing',
    topic: 'newsletter',
  })
  const { inputs, ...decision } = z.looseObject({ explanation: z.string() }).parse(checked.body)
  expect(blocked.decision).toEqual(decision)
  expect(blocked.explanation).toBe(decision.explanation)
})

describe('the end of a run', () => {
  const endOf = (run: string) =>
    until('its line', async () => log.lines().find((line) => line.msg === 'run ended' && line.run === run))

  it('leaves one line, however it ends', async () => {
    const through = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'first' }] })
    const completed = await startRunOf(assent.api, through, await putPerson(assent.api))
    expect(await endOf(completed)).toMatchObject({ level: 30, journey: through, state: 'completed' })
    const cancelled = await startRunOf(assent.api, journey, await putPerson(assent.api))
    await assent.runWaits(cancelled, 'pause')
    await assent.api.call('POST', `/v1/runs/${cancelled}/cancel`)
    await assent.workflowResult(cancelled)
    expect(await endOf(cancelled)).toMatchObject({ state: 'cancelled', reason: 'cancelled' })
    const exiting = await publish(assent.api, {
      exit: [{ trigger: 'order.placed' }],
      steps: [{ id: 'pause', type: 'wait', for: '1 hour' }],
    })
    const person = await putPerson(assent.api)
    const exited = await startRunOf(assent.api, exiting, person)
    await assent.runWaits(exited, 'pause')
    const trigger = { contact: { externalId: person.externalId } }
    await assent.api.call('POST', '/v1/triggers/order.placed', trigger, { 'Idempotency-Key': randomUUID() })
    await assent.workflowResult(exited)
    expect(await endOf(exited)).toMatchObject({ state: 'exited', reason: 'trigger:order.placed' })
    for (const run of [completed, cancelled, exited]) {
      expect(log.lines().filter((line) => line.msg === 'run ended' && line.run === run)).toHaveLength(1)
    }
    expect(log.text()).not.toMatch(/person-|crm-|Name[0-9a-f]{12}/)
  })
})
