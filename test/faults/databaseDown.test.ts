/**
 * The database away: requests are refused with 503 and leave nothing half-done, the same request works afterwards, and the worker
 * survives. Also where the connection is lost at the worst moment, when the commit has been said and not been answered.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { problemShape } from '../../api/problems.ts'
import { type FailpointName, installFailpoint } from '../../failpoints.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { deliveryShape, idOf, type Reply, takenShape } from '../harness/client.ts'
import { optIn, type Person, publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { Wire } from '../harness/proxy.ts'
import { type Counts, countRows } from '../harness/rows.ts'
import { SmtpServer } from '../harness/smtp.ts'
import { until } from '../harness/until.ts'

let wire: Wire
let smtp: SmtpServer
let assent: Assent
/** The database itself, not over the wire. */
let database: string
let removePoint: (() => void) | null = null
beforeAll(async () => {
  smtp = await SmtpServer.start()
  let address = ''
  assent = await startAssent({
    smtp: smtp.url,
    databaseBy: async (real) => {
      address = real
      wire = await Wire.to(real)
      return wire.address
    },
  })
  const url = new URL(assent.environment.DATABASE_URL ?? '')
  url.host = address
  database = url.href
  await putBrand(assent.api)
  await publish(assent.api, {
    entry: { trigger: 'cart.abandoned' },
    reentry: 'always',
    steps: [{ id: 'pause', type: 'wait', for: '1 hour' }],
  })
})
afterEach(async () => {
  removePoint?.()
  removePoint = null
  await mended()
})
afterAll(async () => {
  await assent.stop()
  await wire.cut()
  await smtp.stop()
})

const readyz = async () => (await fetch(`${assent.url}/readyz`)).json()
const isReady = async () => JSON.stringify(await readyz()).startsWith('{"database":true,"engine":true,')

/** Whole again, and everything said that was still to be told. */
async function mended(): Promise<void> {
  if (!wire.whole) await wire.mend()
  await until('readiness', isReady)
  await until('an empty outbox', async () => (await countRows(database)).outbox === 0)
}

async function optedIn(): Promise<Person> {
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  return person
}

function once(name: FailpointName, act: () => Promise<void>): void {
  const remove = installFailpoint(name, async () => {
    remove()
    await act()
  })
  removePoint = remove
}

function expectUnavailable(reply: Reply): void {
  expect(reply.status).toBe(503)
  expect(reply.headers.get('Content-Type')).toMatch(/^application\/problem\+json/)
  expect(problemShape.parse(reply.body)).toMatchObject({ status: 503 })
  expect(Number(reply.headers.get('Retry-After'))).toBeGreaterThan(0)
}

const abandoned = (person: Person, id: string) => ({
  id,
  contact: { externalId: person.externalId },
  payload: { cart: id },
})

describe('with the database away', () => {
  it('every request is refused with 503, nothing is half-done, and the same request works afterwards', async () => {
    const person = await optedIn()
    await mended()
    const before = await countRows(database)
    await wire.cut()
    const body = abandoned(person, 'away-1')
    const requests: [string, string, unknown][] = [
      ['POST', '/v1/triggers/cart.abandoned', body],
      ['PUT', `/v1/contacts/${person.externalId}`, { email: person.email, attributes: { size: 'L' } }],
      [
        'POST',
        '/v1/consents',
        {
          contactPoint: { channel: 'email', address: person.email },
          purpose: '*',
          state: 'opted-out',
          source: { kind: 'api' },
        },
      ],
      ['GET', '/v1/runs', undefined],
    ]
    for (const [method, path, said] of requests) expectUnavailable(await assent.api.call(method, path, said))
    // An answer holds for a second.
    await until(
      'unreadiness',
      async () =>
        JSON.stringify(await readyz()) === '{"database":false,"engine":true,"workers":null,"channels":null}',
    )
    expect(await countRows(database)).toEqual(before)
    await mended()
    const taken = await assent.api.ok('POST', '/v1/triggers/cart.abandoned', body, takenShape)
    expect(taken).toMatchObject({ duplicate: false, started: [expect.any(String)] })
  })

  it('a trigger in the middle of its transaction is refused, and leaves nothing', async () => {
    const person = await optedIn()
    await mended()
    const before = await countRows(database)
    once('trigger:locked', () => wire.cut())
    const body = abandoned(person, 'middle-1')
    expectUnavailable(await assent.api.call('POST', '/v1/triggers/cart.abandoned', body))
    expect(await countRows(database)).toEqual(before)
    await mended()
    const taken = await assent.api.ok('POST', '/v1/triggers/cart.abandoned', body, takenShape)
    expect(taken).toMatchObject({ duplicate: false, started: [expect.any(String)] })
  })
})

it('is reported unreachable within moments, also after a long outage', async () => {
  await wire.cut()
  for (let request = 0; request < 25; request++) {
    const began = performance.now()
    expectUnavailable(await assent.api.call('GET', '/v1/runs'))
    expect(performance.now() - began).toBeLessThan(5_000)
  }
})

describe('a commit whose answer was lost', () => {
  /** Nobody else says anything here, so that the commit which is lost is the one that is meant. */
  let quiet: Assent
  let quietWire: Wire
  let quietDatabase: string
  beforeAll(async () => {
    let real = ''
    quiet = await startAssent({
      worker: false,
      databaseBy: async (address) => {
        real = address
        quietWire = await Wire.to(address)
        return quietWire.address
      },
    })
    const url = new URL(quiet.environment.DATABASE_URL ?? '')
    url.host = real
    quietDatabase = url.href
    await putBrand(quiet.api)
    await publish(quiet.api, {
      entry: { trigger: 'cart.abandoned' },
      reentry: 'always',
      steps: [{ id: 'pause', type: 'wait', for: '1 hour' }],
    })
    await until('an empty outbox', async () => (await countRows(quietDatabase)).outbox === 0)
    await quiet.dispatcher.stop()
  })
  afterAll(async () => {
    await quiet.stop()
    await quietWire.cut()
  })

  /** A statement is spelt out only the first time a connection says it: so all connections are new ones. */
  async function loseCommitAfter(word: string): Promise<{ lost: Promise<void> }> {
    await quietWire.cut()
    await quietWire.mend()
    return { lost: quietWire.loseAnswer({ after: word, text: 'commit' }) }
  }

  it('of a trigger: the sender gets 503 and repeats it, and it counts once', async () => {
    const person = await putPerson(quiet.api)
    const before = await countRows(quietDatabase)
    const body = abandoned(person, 'lost-trigger')
    const { lost } = await loseCommitAfter('lost-trigger')
    expectUnavailable(await quiet.api.call('POST', '/v1/triggers/cart.abandoned', body))
    await lost
    const again = await quiet.api.ok('POST', '/v1/triggers/cart.abandoned', body, takenShape)
    expect(again).toMatchObject({ duplicate: true, started: [expect.any(String)] })
    const after = await countRows(quietDatabase)
    expect(difference(before, after)).toMatchObject({ trigger_events: 1, runs: 1, outbox: 1 })
  })

  it('of a start with an Idempotency-Key: repeated, it answers the run that was started', async () => {
    const journey = await publish(quiet.api, { steps: [{ id: 'pause', type: 'wait', for: '1 hour' }] })
    const person = await putPerson(quiet.api)
    const before = await countRows(quietDatabase)
    const body = { contact: { externalId: person.externalId } }
    const key = { 'Idempotency-Key': 'lost-start' }
    const start = () => quiet.api.call('POST', `/v1/journeys/${journey}/runs`, body, key)
    const { lost } = await loseCommitAfter('lost-start')
    expectUnavailable(await start())
    await lost
    const again = await start()
    expect(again.status).toBe(201)
    expect(await quiet.run(idOf.parse(again.body).id)).toMatchObject({ journey })
    expect(difference(before, await countRows(quietDatabase))).toMatchObject({ runs: 1, outbox: 1 })
  })
})

describe('the worker survives the database', () => {
  it('that is away when a wait ends and when another is moved: both runs go on once it is back', async () => {
    const steps = (wait: Record<string, unknown>) => [wait, { id: 'mail', type: 'send', message: 'receipt' }]
    const sleeping = await publish(assent.api, {
      steps: steps({ id: 'wait', type: 'wait', for: '2 seconds' }),
    })
    const person = await optedIn()
    const run = await startRunOf(assent.api, sleeping, person)
    let asked = 0
    const remove = installFailpoint('advance:before', async () => {
      if (++asked === 1) await wire.cut()
    })
    removePoint = remove
    // Asked again while it is away, and refused again: the engine keeps asking.
    await until('a second try', async () => asked > 1)
    await wire.mend()
    const ended = await assent.runEnded(run)
    expect(ended.path.map((step) => step.outcome)).toEqual(['waited', 'sent'])
    expect(smtp.letters(person.email)).toHaveLength(1)
  })

  it('that is away when the provider has answered: the answer is kept until it can be written down', async () => {
    const journey = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'first' }] })
    const person = await optedIn()
    once('deliver:answered', () => wire.cut())
    const run = await startRunOf(assent.api, journey, person)
    await until('the database to be away', async () => !wire.whole)
    await wire.mend()
    const ended = await assent.runEnded(run)
    expect(ended.path).toMatchObject([{ outcome: 'sent', reason: null }])
    expect(smtp.bodiesBegun(person.email)).toBe(1)
  })

  it('that is away when the body is about to flow: not a byte flows, and the mail is sent once it is back', async () => {
    const journey = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'first' }] })
    const person = await optedIn()
    once('deliver:claimed', () => wire.cut())
    const run = await startRunOf(assent.api, journey, person)
    await until('the database to be away', async () => !wire.whole)
    await wire.mend()
    const ended = await assent.runEnded(run)
    expect(ended.path).toMatchObject([{ outcome: 'sent', reason: null }])
    const id = ended.path[0]?.delivery
    const delivery = await assent.api.ok('GET', `/v1/deliveries/${id}`, undefined, deliveryShape)
    expect(delivery.attempt).toBeGreaterThanOrEqual(1)
    expect(smtp.bodiesBegun(person.email)).toBe(1)
    expect(smtp.letters(person.email)).toHaveLength(1)
  })
})

function difference(before: Counts, after: Counts): Counts {
  return Object.fromEntries(
    Object.entries(after).map(([table, count]) => [table, count - (before[table] ?? 0)]),
  )
}
