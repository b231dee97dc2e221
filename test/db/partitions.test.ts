/** What docs/operations.md says of partitions, done word for word: runs go on, a month is dropped, and links outlive it. */
import { readFile } from 'node:fs/promises'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Assent, startAssent } from '../harness/assent.ts'
import { optIn, publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { linkIn, mailsArrived } from '../harness/mailbox.ts'
import { until } from '../harness/until.ts'

let assent: Assent
let owner: postgres.Sql
beforeAll(async () => {
  assent = await startAssent()
  owner = postgres(assent.environment.MIGRATION_DATABASE_URL ?? '', { max: 1, onnotice: () => {} })
  await putBrand(assent.api)
})
afterAll(async () => {
  await owner.end()
  await assent.stop()
})

/** The SQL blocks of the section, in their order. */
async function blocks(): Promise<string[]> {
  const text = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8')
  const section = text.split('### What grows, and how it is partitioned')[1]?.split('\n## ')[0] ?? ''
  return [...section.matchAll(/```sql\n(.*?)```/gs)].map(([, block = '']) => block)
}

it('deliveries, runs and events are partitioned as the documents say, and a month is dropped', async () => {
  const journey = await publish(assent.api, {
    entry: { trigger: 'cart.abandoned' },
    steps: [
      { id: 'one', type: 'send', message: 'first' },
      { id: 'ordered', type: 'waitFor', timeout: '1 day', events: [{ trigger: 'order.placed', steps: [] }] },
      { id: 'two', type: 'send', message: 'second' },
    ],
  })
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  const run = await startRunOf(assent.api, journey, person)
  await assent.runWaits(run, 'ordered')

  const [convert = '', month = ''] = await blocks()
  const [, ...steps] = convert.split('\nalter table')
  await owner.unsafe(convert.split('\nalter table')[0] ?? '')
  for (const table of ['deliveries', 'runs', 'trigger_events']) {
    const named = (text: string) => text.replaceAll('deliveries', table)
    await owner.begin(async (tx) => {
      await tx.unsafe(named(steps.map((step) => `alter table${step}`).join('\n')))
      await tx.unsafe(named(month))
    })
  }

  // The run of before goes on, in the partition it is in; a new one begins.
  const body = { contact: { externalId: person.externalId }, payload: {} }
  expect((await assent.api.call('POST', '/v1/triggers/order.placed', body)).status).toBe(202)
  expect((await assent.runEnded(run)).path.map((step) => step.outcome)).toEqual(['sent', 'matched', 'sent'])
  const [first] = await mailsArrived(person.email, 2)
  if (first === undefined) throw new Error('no mail')
  const click = () => fetch(linkIn(first, '/t/'), { redirect: 'manual' })
  expect((await click()).status).toBe(302)
  const opened = await until('the click', async () => {
    const [row] = await owner<
      { count: number }[]
    >`select count(*)::int from trigger_events where name = 'message.clicked'`
    return (row?.count ?? 0) > 0 ? row : null
  })
  expect(opened?.count).toBe(1)

  for (const table of ['deliveries', 'runs', 'trigger_events'])
    await owner.unsafe(`drop table ${table}_before`)
  expect((await click()).status).toBe(302)
  expect((await fetch(linkIn(first, '/preferences/'))).status).toBe(200)
  const again = await startRunOf(
    assent.api,
    await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'first' }] }),
    person,
  )
  await owner`select 1`
  expect(again).toBeTruthy()
}, 120_000)
