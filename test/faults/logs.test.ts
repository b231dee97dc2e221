/** The log names no person: errors of the database quote the values of their statements, and must not be written as they are. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contactPoints } from '../../db/schema/contacts.ts'
import { openLog } from '../../log.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { optIn, publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { LogLines } from '../harness/logLines.ts'
import { SmtpServer } from '../harness/smtp.ts'
import { until } from '../harness/until.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
})
afterAll(() => assent.stop())

function capture(error: unknown): string {
  const lines: string[] = []
  openLog('test', 'info', { write: (line: string) => void lines.push(line) }).error(
    { err: error },
    'it failed',
  )
  return lines.join('')
}

const failing = [
  [
    'a statement that breaks a constraint',
    () =>
      assent.deps.db.transaction((tx) =>
        tx.insert(contactPoints).values([
          { id: '01990000-0000-7000-8000-000000000001', channel: 'email', address: 'person@example.com' },
          { id: '01990000-0000-7000-8000-000000000002', channel: 'email', address: 'person@example.com' },
        ]),
      ),
  ],
  ['a value of the wrong type', () => assent.deps.db.execute(sql`select ${'person@example.com'}::uuid`)],
] as const

it.each(failing)('%s leaves its kind, its code and its place, and no value', async (_, act) => {
  const error = await Promise.resolve(act()).then(
    () => null,
    (caught: unknown) => caught,
  )
  expect(error).toBeInstanceOf(Error)
  const line = capture(error)
  expect(line).not.toContain('person@')
  expect(line).toMatch(/"code":"2/)
  expect(line).toContain('logs.test.ts')
  expect(line).toContain('it failed')
})

it('an address in the words of any error is masked, and what else hangs on it is left out', () => {
  const error = Object.assign(new Error('no mailbox <person@example.com> here, call +43 660 1234567'), {
    input: 'https://example.com/?name=Somebody',
    response: '550 person@example.com',
    code: 'EENVELOPE',
  })
  const line = capture(new Error('outside', { cause: error }))
  expect(line).not.toMatch(/person@|Somebody|1234567/)
  expect(line).toContain('no mailbox')
  expect(line).toContain('EENVELOPE')
})

describe('all that is logged while people are written to', () => {
  const log = new LogLines()
  let smtp: SmtpServer
  let busy: Assent
  beforeAll(async () => {
    smtp = await SmtpServer.start()
    busy = await startAssent({ smtp: smtp.url, log: log.open('busy') })
    await putBrand(busy.api)
  })
  afterAll(async () => {
    await busy.stop()
    await smtp.stop()
  })

  it('names no person, whatever was asked, refused, sent, bounced and clicked', async () => {
    const { api } = busy
    const person = await putPerson(api)
    const [local = ''] = person.email.split('@')
    const mark = local.replace('person-', '')
    const query = `email=${encodeURIComponent(person.email)}`
    await optIn(api, person.email, 'marketing', 'newsletter')
    // Asked for in every way there is, rightly and wrongly.
    await api.call('GET', `/v1/contacts?${query}`)
    await api.call('GET', `/v1/contacts?${query}&colour=${local}`)
    await api.call('GET', `/v1/contacts/${local}/${local}`)
    await api.call('GET', `/v1/deliveries/${local}`)
    await api.call('POST', '/v1/contacts/lookup', { email: person.email, [local]: local })
    await api.call('POST', '/v1/contacts/lookup', `{"email":"${person.email}"`)
    await api.call('PUT', `/v1/contacts/${person.externalId}`, { email: `${local}@@`, locale: local })
    await api.call('GET', '/v1/runs', undefined, { 'X-Request-Id': person.email, 'User-Agent': local })
    await api.call('GET', '/v1/runs', undefined, { Authorization: `Bearer ${local}` })
    await api.call('POST', '/v1/triggers/order.placed', {
      id: person.email,
      contact: { email: person.email },
      payload: { name: local },
    })
    const wish = {
      contactPoint: { channel: 'email', address: person.email },
      grants: [{ purpose: 'marketing', topic: 'events' }],
    }
    await api.call('POST', '/v1/double-opt-ins', wish, { 'Idempotency-Key': local })
    // What the server is told to answer below is for the journey's mails.
    await until('the confirmation mail', async () => smtp.letters(person.email).length > 0)
    // Sent, after a server that quotes the address and its local part; and bounced for good.
    smtp.plan(
      person.email,
      { at: 'recipient', reply: `450 4.2.1 <${person.email}> ${local}: mailbox busy` },
      { at: 'recipient', reply: `450 4.2.1 <${person.email}> ${local}: mailbox busy` },
    )
    const journey = await publish(api, {
      reentry: 'always',
      steps: [{ id: 'one', type: 'send', message: 'first' }],
    })
    const sent = await busy.runEnded(await startRunOf(api, journey, person))
    expect(sent.path[0]).toMatchObject({ outcome: 'sent' })
    const letters = smtp.letters(person.email).map((letter) => letter.source.replace(/=\r\n/g, ''))
    const links = [...letters.join('\n').matchAll(/https?:\/\/127[^\s"<>]+\/([A-Za-z0-9_-]{20,})/g)]
    expect(links.length).toBeGreaterThan(2)
    for (const [link] of links) await fetch(link, { redirect: 'manual' })
    smtp.plan(person.email, { at: 'recipient', reply: `550 5.1.1 <${person.email}>: no such user ${local}` })
    const bounced = await busy.runEnded(await startRunOf(api, journey, person))
    expect(bounced.path[0]).toMatchObject({ outcome: 'failed' })

    const lines = log.lines()
    const delivered = lines.filter((line) => line.msg === 'delivery' && line.step === 'one')
    expect(delivered.map((line) => line.state)).toEqual(expect.arrayContaining(['held', 'sent', 'failed']))
    expect(delivered.find((line) => line.state === 'failed')).toMatchObject({
      reason: 'refused',
      code: 550,
      enhanced: '5.1.1',
      answer: expect.stringContaining('no such user'),
    })
    expect(lines.filter((line) => line.msg === 'request').length).toBeGreaterThan(20)
    for (const secret of [
      person.email,
      person.externalId,
      local,
      mark,
      ...links.map(([, token]) => token ?? ''),
    ]) {
      expect(log.text()).not.toContain(secret)
    }
    expect(log.text()).not.toMatch(/@example|127\.0\.0\.1/)
  })
})
