/**
 * The whole engine thrown away, with runs in every kind of position: a new one is told everything again from the rows. Every run ends
 * as it would have, and nobody is mailed twice.
 */
import { pino } from 'pino'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { RecoveryWatch } from '../../../engine/recovery/watch.ts'
import { type FailpointName, installFailpoint } from '../../../failpoints.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { idOf } from '../../harness/client.ts'
import { OwnEngine } from '../../harness/engine.ts'
import { optIn, type Person, publish, putBrand, putPerson, startRunOf } from '../../harness/fixtures.ts'
import { Wire } from '../../harness/proxy.ts'
import { SmtpServer } from '../../harness/smtp.ts'
import { until } from '../../harness/until.ts'

let engine: OwnEngine
let smtp: SmtpServer
let wire: Wire
let assent: Assent
let sql: postgres.Sql
beforeAll(async () => {
  ;[engine, smtp] = await Promise.all([OwnEngine.start(), SmtpServer.start()])
  wire = await Wire.to(engine.address)
  assent = await startAssent({ engine: wire.address, smtp: smtp.url })
  sql = postgres(assent.environment.DATABASE_URL ?? '', { max: 1, onnotice: () => {} })
  await putBrand(assent.api)
})
afterAll(async () => {
  await sql.end()
  await assent.stop()
  await smtp.stop()
  await wire.cut()
  await engine.remove()
})

const watch = () =>
  new RecoveryWatch({
    deps: assent.deps,
    client: assent.client,
    taskQueue: assent.environment.TEMPORAL_TASK_QUEUE ?? '',
    log: pino({ level: 'silent' }),
    rate: 2_000,
  })

/** Refused mails are tried again later and later, up to half a minute here. */
const patience = { seconds: 90 }

type Started = { run: string; person: Person }

async function start(count: number, journey: string, conduct?: (person: Person) => void): Promise<Started[]> {
  const started: Started[] = []
  const one = async () => {
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    conduct?.(person)
    started.push({ run: await startRunOf(assent.api, journey, person), person })
  }
  for (let at = 0; at < count; at += 10)
    await Promise.all(Array.from({ length: Math.min(10, count - at) }, one))
  return started
}

const ask = async () => {
  const person = await putPerson(assent.api)
  const contactPoint = { channel: 'email', address: person.email }
  const grants = [{ purpose: 'marketing', topic: 'newsletter' }]
  const { id } = await assent.api.ok('POST', '/v1/double-opt-ins', { contactPoint, grants }, idOf)
  return { id, person }
}

/** Whoever comes to the point stays there; `die`: they end there, as a process does. */
function gate(name: FailpointName): { die(): void; open(): void } {
  const { promise, reject } = Promise.withResolvers<void>()
  promise.catch(() => {})
  const open = installFailpoint(name, () => promise)
  return { open, die: () => reject(new Error('the process is gone')) }
}

const count = async (query: postgres.PendingQuery<{ count: number }[]>) => (await query)[0]?.count ?? 0
const inState = (state: string, runs: readonly Started[]) =>
  count(
    sql<{ count: number }[]>`select count(*)::int as count from deliveries
      where state = ${state} and run_id = any(${runs.map(({ run }) => run)}::uuid[])`,
  )
const waiting = (runs: readonly Started[]) =>
  count(
    sql<{ count: number }[]>`select count(*)::int as count from waits
      where state = 'open' and run_id = any(${runs.map(({ run }) => run)}::uuid[])`,
  )
/** Their waits are over by now: the clock moved on. */
const past = (runs: readonly Started[]) =>
  sql`update waits set deadline = clock_timestamp() - interval '10 minutes'
    where state = 'open' and run_id = any(${runs.map(({ run }) => run)}::uuid[])`

const send = (message: string) => ({ id: 'send', type: 'send', message })

it('200 runs in every kind of position end as they would have, and no mail is sent twice', async () => {
  const { api } = assent
  const toWait = await publish(api, { steps: [{ id: 'pause', type: 'wait', for: '1 day' }, send('first')] })
  const toEvent = await publish(api, {
    steps: [
      {
        id: 'ordered',
        type: 'waitFor',
        timeout: '1 day',
        events: [{ trigger: 'order.placed', steps: [{ id: 'thanks', type: 'send', message: 'receipt' }] }],
        onTimeout: [send('first')],
      },
    ],
  })
  const toSend = await publish(api, { steps: [send('first'), { id: 'pause', type: 'wait', for: '1 day' }] })
  const branches = Array.from({ length: 13 }, (_, at) => ({
    id: `branch-${at}`,
    type: 'branch',
    cases: [{ when: 'contact.attributes.nobody == "x"', steps: [] }],
    otherwise: [],
  }))
  const toBranch = await publish(api, { steps: [...branches, send('first')] })

  // Whoever comes to one of these points stays there until the engine is gone.
  const claims = gate('deliver:claimed')
  const claimed = await start(2, toSend)
  await until('claims', async () => (await inState('claimed', claimed)) === 2)
  claims.open()
  const answers = gate('deliver:answered')
  const handedOver = await start(2, toSend)
  await until('hand-overs', async () => (await inState('handed-over', handedOver)) === 2)
  answers.open()

  const atWait = await start(50, toWait)
  const atEvent = await start(50, toEvent)
  const held = await start(20, toSend, ({ email }) =>
    smtp.plan(
      email,
      ...Array.from({ length: 4 }, () => ({ at: 'recipient', reply: '451 4.7.1 later' }) as const),
    ),
  )
  const sent = await start(20, toSend)
  const confirming = await Promise.all(Array.from({ length: 10 }, ask))
  await until('all to rest', async () => {
    const waits = await waiting([...atWait, ...atEvent, ...sent])
    return waits === 120 && (await inState('held', held)) === 20
  })
  await until('the confirmations', async () =>
    confirming.every(({ person }) => smtp.letters(person.email).length === 1),
  )

  const renderings = gate('deliver:rendered')
  const beforeSend = await start(26, toSend)
  const unmailed = await Promise.all(Array.from({ length: 5 }, ask))
  const advances = gate('advance:before')
  const atBranch = await start(20, toBranch)
  expect(
    await count(sql`select count(*)::int as count from runs where position->>'step' like 'branch-%'`),
  ).toBe(20)
  // All of them have a workflow; what follows finds no engine.
  await until(
    'an empty outbox',
    async () => (await count(sql`select count(*)::int as count from outbox`)) === 0,
  )

  await wire.cut()
  await engine.throwAway()
  for (const one of [claims, answers, renderings, advances]) one.die()
  renderings.open()
  advances.open()
  const unstarted = await start(10, toSend)
  const [bought, silent] = [atEvent.slice(0, 25), atEvent.slice(25)]
  for (const { person } of bought) {
    const body = { contact: { externalId: person.externalId }, payload: {} }
    await api.call('POST', '/v1/triggers/order.placed', body)
  }
  const all = [
    ...[...atWait, ...atEvent, ...held, ...sent, ...claimed, ...handedOver, ...beforeSend, ...atBranch],
    ...unstarted,
  ]
  expect(all.length).toBe(200)

  await engine.start()
  await wire.mend()
  await assent.stopWorker()
  await assent.startWorker()
  await past([...atWait, ...silent])
  const recovery = watch()
  await until('the new engine', async () => (await recovery.look()) && recovery.counts.started > 150)
  expect(recovery.counts).toMatchObject({ ended: 0, parked: 0 })
  // Nobody is asked about twice for the same loss.
  const { started } = recovery.counts
  await recovery.look()
  expect(recovery.counts.started).toBe(started)

  const mailed = async (runs: readonly Started[], text: string) =>
    runs.every(({ person }) => smtp.letters(person.email).some(({ source }) => source.includes(text)))
  await until(
    'all mails',
    async () => {
      const first = [
        ...atWait,
        ...silent,
        ...held,
        ...sent,
        ...claimed,
        ...handedOver,
        ...beforeSend,
        ...atBranch,
      ]
      return (await mailed([...first, ...unstarted], 'First')) && (await mailed(bought, 'Your order'))
    },
    patience,
  )
  await until(
    'waits after the mail',
    async () => {
      const rest = [...held, ...sent, ...claimed, ...handedOver, ...beforeSend, ...unstarted]
      return (await waiting(rest)) === rest.length
    },
    patience,
  )
  await past(all)
  // An engine that is well wakes them by its timers; the clock was moved in the rows only.
  await sql`update runs set recover_after = null`
  await recovery.look()
  await until('the end of all', async () => {
    const open = sql<{ count: number }[]>`select count(*)::int as count from runs where ended_at is null`
    return (await count(open)) === 0
  })

  const ends = await sql`select state, count(*)::int as count from runs group by state`
  expect([...ends]).toEqual([{ state: 'completed', count: 200 }])
  const letters = all.map(({ person }) => smtp.letters(person.email).length)
  expect(letters).toEqual(letters.map(() => 1))
  // What had been handed over when the engine went may have been read by nobody: it is not said to be sent.
  expect(await inState('unknown', handedOver)).toBe(2)
  expect(await inState('sent', all)).toBe(198)

  await until('the confirmations', async () =>
    unmailed.every(({ person }) => smtp.letters(person.email).length > 0),
  )
  for (const { id, person } of [...confirming, ...unmailed]) {
    expect(smtp.letters(person.email).length).toBe(1)
    expect((await (await assent.workflow(id)).describe()).status.name).toBe('RUNNING')
  }
  await recovery.stop()
}, 180_000)

it('a namespace that is put back to an earlier state is recognised; runs that advanced since then continue, and no mail is sent twice', async () => {
  const { api } = assent
  const twice = await publish(api, {
    steps: [
      { id: 'before', type: 'waitFor', timeout: '1 day', events: [{ trigger: 'order.placed', steps: [] }] },
      send('first'),
      { id: 'after', type: 'wait', for: '1 day' },
    ],
  })
  const counted = async (recovery: RecoveryWatch) => {
    const generation = async () => (await sql`select generation from recovery`)[0]?.generation
    const before = await generation()
    await until('the beacon', async () => (await recovery.look()) && (await generation()) > before)
  }
  const early = await start(5, twice)
  await until(
    'rest',
    async () => (await waiting(early)) === 5 && (await sql`select from outbox`).length === 0,
  )
  const one = watch()
  await counted(one)
  await one.stop()
  await wire.cut()
  await assent.stopWorker().catch(() => {})
  await engine.stop()
  engine.keep()

  await engine.start()
  await wire.mend()
  await assent.startWorker()
  const two = watch()
  await counted(two)
  const late = await start(5, twice)
  for (const { person } of [...early, ...late]) {
    const body = { contact: { externalId: person.externalId }, payload: {} }
    await api.call('POST', '/v1/triggers/order.placed', body)
  }
  const everyone = [...early, ...late]
  await until('the mails', async () =>
    everyone.every(({ person }) => smtp.letters(person.email).length === 1),
  )
  await until('rest', async () => (await waiting(everyone)) === 10)
  await counted(two)
  await two.stop()
  await wire.cut()
  await assent.stopWorker().catch(() => {})
  await engine.stop()
  engine.putBack()

  await engine.start()
  await wire.mend()
  await assent.startWorker()
  await past(everyone)
  await sql`update runs set recover_after = null`
  const three = watch()
  await three.look()
  // Those of before have a workflow that knows less than their row; those of later have none.
  expect(three.counts).toMatchObject({ ended: 0, parked: 0 })
  expect(three.counts.started).toBeGreaterThanOrEqual(5)
  for (const { run } of everyone) expect(await assent.runEnded(run)).toMatchObject({ state: 'completed' })
  for (const { person } of everyone) expect(smtp.letters(person.email).length).toBe(1)
  await three.stop()
}, 120_000)
