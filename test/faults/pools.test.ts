/** Requests do not starve behind the outbox, nor the outbox behind requests: each has connections of its own. */
import { readFileSync } from 'node:fs'
import postgres from 'postgres'
import { afterEach, expect, it } from 'vitest'
import { mostConnections, serverPools, workerPools } from '../../db/pools.ts'
import { putAllInOutbox } from '../../transactions/outbox.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { takenShape } from '../harness/client.ts'
import { type Person, putBrand, putPerson } from '../harness/fixtures.ts'
import { until } from '../harness/until.ts'

let assent: Assent
let owner: postgres.Sql
afterEach(async () => {
  await assent.stop()
  await owner.end()
})

async function start(): Promise<void> {
  assent = await startAssent({ worker: false, pools: serverPools })
  owner = postgres(assent.environment.MIGRATION_DATABASE_URL ?? '', { max: 2 })
  await putBrand(assent.api)
}

/** Locks the rows of these contacts, as something slow would. @returns how to let them go */
async function lockContacts(persons: readonly Person[]): Promise<() => Promise<void>> {
  const locked = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const holding = owner.begin(async (sql) => {
    await sql`select id from contacts where id = any(${persons.map(({ id }) => id)}::uuid[]) order by id for no key update`
    locked.resolve()
    await release.promise
  })
  await locked.promise
  return async () => {
    release.resolve()
    await holding
  }
}

/** As many events of our own for the outbox. */
const flood = (persons: readonly Person[], name = 'record.changed') =>
  assent.pools.background.db.transaction((tx) =>
    putAllInOutbox(
      tx,
      persons.map(({ id }) => ({
        stream: `contact:${id}`,
        kind: 'trigger',
        body: {
          name,
          senderEvent: `${name}-${id}`,
          contactPoint: null,
          contact: id,
          delivery: null,
          payload: { record: 'contact', changed: {} },
          occurredAt: new Date().toISOString(),
        },
      })),
    ),
  )

const left = async () => {
  const [row] = await owner<{ count: number }[]>`select count(*)::int as count from outbox`
  return row?.count ?? 0
}

/** Statements that wait for a lock now. */
const waitingForLocks = async () => {
  const [row] = await owner<{ count: number }[]>`select count(*)::int as count from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`
  return row?.count ?? 0
}

const someone = () => Array.from({ length: 20 }, () => 0)
const order = (person: Person) =>
  assent.api.ok(
    'POST',
    '/v1/triggers/order.placed',
    { contact: { externalId: person.externalId } },
    takenShape,
  )

it('while a flood in the outbox takes every connection that it may have, no request waits for one', async () => {
  await start()
  const persons = []
  for (const _ of someone()) persons.push(await putPerson(assent.api))
  const [first, ...others] = persons
  if (first === undefined) throw new Error('there is nobody')
  const served = await putPerson(assent.api)
  await until('an empty outbox', async () => (await left()) === 0)
  const release = await lockContacts(persons)
  try {
    await flood(others)
    assent.dispatcher.nudge()
    const { main } = assent.pools
    await until('events that wait for their contacts', async () => (await waitingForLocks()) >= 4)
    const before = main.use().waited
    for (const _ of someone()) await order(served)
    await Promise.all(Array.from({ length: serverPools.main }, () => order(served)))
    expect(main.use().waited).toBe(before)
    expect(await left()).toBe(others.length)
  } finally {
    await release()
  }
  await until('an empty outbox', async () => (await left()) === 0)
})

it('however many events of our own wait for their contacts, a withdrawal is delivered, and leases continue', async () => {
  await start()
  const persons = []
  for (const _ of someone()) persons.push(await putPerson(assent.api))
  const other = await putPerson(assent.api)
  await until('an empty outbox', async () => (await left()) === 0)
  const release = await lockContacts(persons)
  try {
    await flood(persons)
    assent.dispatcher.nudge()
    await until('events that wait for their contacts', async () => (await waitingForLocks()) >= 4)
    await flood([other], 'consent.withdrawn')
    assent.dispatcher.nudge()
    await until('the withdrawal to be told', async () => (await left()) === persons.length)
    // A connection is left for the leases, and nothing stands in line for it.
    expect(assent.pools.dispatch.use()).toMatchObject({ waited: 0 })
  } finally {
    await release()
  }
  await until('an empty outbox', async () => (await left()) === 0)
})

it('while requests use all their connections, the outbox is delivered', async () => {
  await start()
  const busy = await putPerson(assent.api)
  const others = []
  for (const _ of someone()) others.push(await putPerson(assent.api))
  await until('an empty outbox', async () => (await left()) === 0)
  const release = await lockContacts([busy])
  const requests = Array.from({ length: serverPools.main * 2 }, () => order(busy))
  try {
    const { main } = assent.pools
    await until(
      'requests in line',
      async () => main.use().busy === serverPools.main && main.use().waiting > 0,
    )
    await flood(others)
    await until('an empty outbox', async () => (await left()) === 0)
    expect(main.use().busy).toBe(serverPools.main)
  } finally {
    await release()
  }
  await Promise.all(requests)
})

it('the docs say how many connections a process has at most', async () => {
  await start()
  const docs = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
  expect(docs).toContain(
    `at most: ${mostConnections(serverPools)} for each API process, ${mostConnections(workerPools)} for each worker`,
  )
})
