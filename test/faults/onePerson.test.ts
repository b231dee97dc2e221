/** One person stays one contact, whichever two ways lead to it at the same moment: each pair is forced, in both orders. */
import { randomBytes } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { contactsOfPoint, findContactPoint } from '../../db/reads/contactPoint.ts'
import { contactPoints } from '../../db/schema/contacts.ts'
import { installFailpoint } from '../../failpoints.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { idOf, takenShape } from '../harness/client.ts'
import { personal, publish, putBrand } from '../harness/fixtures.ts'
import { linkIn, mailsArrived, mailsTo } from '../harness/mailbox.ts'
import { until } from '../harness/until.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent()
  await putBrand(assent.api)
  await assent.api.put('/v1/trigger-definitions/visitor.seen', {
    description: 'A visitor',
    createContact: true,
  })
  await publish(assent.api, {
    entry: { trigger: 'contact.created' },
    steps: [{ id: 'welcome', type: 'send', message: 'receipt' }],
  })
})
afterAll(() => assent.stop())

type Somebody = { email: string; externalId: string; link: string }
type Way = (who: Somebody) => Promise<number>

const put: Way = async ({ externalId, email }) =>
  (await assent.api.call('PUT', `/v1/contacts/${externalId}`, { email })).status
const trigger: Way = async ({ email }) =>
  (await assent.api.call('POST', '/v1/triggers/visitor.seen', { contact: { email } })).status
const inline: Way = async ({ externalId, email }) =>
  (await assent.api.call('POST', '/v1/triggers/visitor.seen', { contact: { externalId, email } })).status
const confirmation: Way = async ({ link }) => (await fetch(link, { method: 'POST' })).status

const ways = {
  'a PUT': put,
  'a trigger': trigger,
  'a trigger with fields': inline,
  'a confirmation': confirmation,
}
const pairs = Object.entries(ways).flatMap(([first, one]) =>
  Object.entries(ways).map(([second, other]) => [first, second, one, other] as const),
)

/** Somebody nobody knows yet, with a confirmation to be clicked. */
async function somebody(): Promise<Somebody> {
  const mark = randomBytes(6).toString('hex')
  const [email, externalId] = [`one-${mark}@example.com`, `crm-one-${mark}`]
  personal(email, externalId)
  const contactPoint = { channel: 'email', address: email }
  const grants = [{ purpose: 'marketing', topic: 'newsletter' }]
  await assent.api.ok('POST', '/v1/double-opt-ins', { contactPoint, grants }, idOf)
  const [mail] = await mailsArrived(email, 1)
  if (mail === undefined) throw new Error('no mail')
  return { email, externalId, link: linkIn(mail, '/confirm/') }
}

/** Whether somebody waits for an advisory lock of this database. */
async function waitsForLock(): Promise<boolean> {
  const rows = await assent.deps.db.execute(
    sql`select from pg_locks where not granted and locktype = 'advisory'
      and database = (select oid from pg_database where datname = current_database())`,
  )
  return rows.length > 0
}

/** `first` has found nobody and is about to make a contact; `second` comes in between, as far as it gets. */
async function meet(first: () => Promise<number>, second: () => Promise<number>): Promise<number[]> {
  let other: Promise<number> | undefined
  const remove = installFailpoint('contact:before-insert', async () => {
    remove()
    let done = false
    other = second().finally(() => {
      done = true
    })
    await until('the second, or its waiting', async () => done || (await waitsForLock()))
  })
  const status = await first()
  if (other === undefined) throw new Error('the first made no contact')
  return [status, await other]
}

describe('one person stays one contact', () => {
  it.each(pairs)('%s, and meanwhile %s', async (_first, _second, one, other) => {
    const who = await somebody()
    const statuses = await meet(
      () => one(who),
      () => other(who),
    )
    for (const status of statuses) expect([200, 201, 202]).toContain(status)

    const point = await findContactPoint(assent.deps.db, 'email', who.email)
    const contacts = await contactsOfPoint(assent.deps.db, point ?? '')
    expect(contacts).toHaveLength(1)
    // Named by the address alone: were there two contacts, this would be a conflict.
    const taken = await assent.api.ok(
      'POST',
      '/v1/triggers/order.placed',
      { contact: { email: who.email } },
      takenShape,
    )
    expect(taken.duplicate).toBe(false)
    const runs = z.object({ items: z.array(z.looseObject({ id: z.string() })) })
    const run = await until('the welcome', async () => {
      const { items } = await assent.api.ok('GET', '/v1/runs?limit=200', undefined, runs)
      const mine = items.filter((item) => z.object({ id: z.string() }).parse(item.contact).id === contacts[0])
      return mine[0]
    })
    await assent.runEnded(run.id)
    const welcomes = (await mailsTo(who.email)).filter((mail) => mail.subject?.startsWith('Your order'))
    expect(welcomes).toHaveLength(1)
  })
})

it('a newcomer does not make the address of a known contact ambiguous', async () => {
  const who = await somebody()
  await assent.api.put(`/v1/contacts/${who.externalId}`, {})
  expect(await confirmation(who)).toBe(200)
  await assent.api.put(`/v1/contacts/${who.externalId}`, { email: who.email })
  const [point] = await assent.deps.db
    .select()
    .from(contactPoints)
    .where(eq(contactPoints.address, who.email))
  expect(await contactsOfPoint(assent.deps.db, point?.id ?? '')).toHaveLength(2)
  expect(
    (await assent.api.call('POST', '/v1/triggers/order.placed', { contact: { email: who.email } })).status,
  ).toBe(202)
})
