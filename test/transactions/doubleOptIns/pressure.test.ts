/** Double opt-in under people who ask too often, mail servers that ask to come back, and wishes that change on the way. */
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { prepareDelivery } from '../../../activities/prepare.ts'
import { newId } from '../../../db/ids.ts'
import { deliveries } from '../../../db/schema/deliveries.ts'
import { doubleOptIns } from '../../../db/schema/doubleOptIns.ts'
import { suppressions } from '../../../db/schema/ledger.ts'
import { outbox, triggerEvents } from '../../../db/schema/triggers.ts'
import { type Claim, claimDelivery } from '../../../transactions/deliveries/claimDelivery.ts'
import { readDraft } from '../../../transactions/deliveries/origin.ts'
import { settleDelivery } from '../../../transactions/deliveries/settleDelivery.ts'
import { confirmDoubleOptIn } from '../../../transactions/doubleOptIns/confirmDoubleOptIn.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { idOf } from '../../harness/client.ts'
import { optOut, type Person, putBrand, putPerson } from '../../harness/fixtures.ts'
import { bytesOf } from '../../harness/mailbox.ts'
import { refOfMail } from '../../harness/refs.ts'
import { until } from '../../harness/until.ts'

// No worker: the steps of its workflow are taken here by hand.
let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const newsletter = { purpose: 'marketing', topic: 'newsletter' }
const events = { purpose: 'marketing', topic: 'events' }

const request = async (person: Person, grants: readonly { purpose: string; topic?: string }[]) =>
  (
    await assent.api.ok(
      'POST',
      '/v1/double-opt-ins',
      { contactPoint: { channel: 'email', address: person.email }, grants, circumstances: 'footer form' },
      idOf,
    )
  ).id

/** As one attempt of the delivery activity claims the mail. @returns the token it mails, too */
async function claim(id: string, mail: number): Promise<{ claim: Claim; token: string }> {
  const ref = await refOfMail(assent.deps, id, mail)
  const { assessment, content } = await readDraft(assent.deps, assent.deps.db, ref)
  const made = await prepareDelivery(assent.means, assessment, content)
  const token = /\/confirm\/([\w-]+)/.exec(bytesOf(made.prepared).toString().replace(/=\r\n/g, ''))?.[1]
  return {
    claim: await claimDelivery(assent.deps, made.rendering, new Date().toISOString()),
    token: token ?? '',
  }
}

const mailsWanted = async (id: string) =>
  (await assent.deps.db.select().from(doubleOptIns).where(eq(doubleOptIns.id, id)))[0]?.mails.length

it('a confirmation that is tried again does not count against itself', async () => {
  const id = await request(await putPerson(assent.api), [newsletter])
  for (const mail of [1, 2, 3]) {
    const { claim: first } = await claim(id, mail)
    if (first.kind !== 'claimed') throw new Error(first.kind)
    const lost = { kind: 'not-handed-over', cause: 'gone' } as const
    await settleDelivery(assent.deps, first, lost, new Date().toISOString())
  }
  expect((await claim(id, 3)).claim).toMatchObject({ kind: 'claimed', attempt: 2 })
  expect((await claim(id, 4)).claim).toMatchObject({
    kind: 'settled',
    delivery: { state: 'blocked', reason: 'confirmations-limited' },
  })
})

it('a part withdrawn before the confirmation is neither granted nor announced as confirmed', async () => {
  const person = await putPerson(assent.api)
  const id = await request(person, [newsletter, events])
  const { token } = await claim(id, 1)
  await optOut(assent.api, person.email, 'marketing', 'events')
  const notice = { id: 'page', version: '1', language: 'en', wording: 'Confirm' }
  const said = { notice, pageUrl: 'https://example.com/confirm', ip: null, userAgent: null }
  expect(await confirmDoubleOptIn(assent.deps, token, said)).toBe('confirmed')
  const [announced] = await until('the trigger', async () => {
    const rows = await assent.deps.db.select().from(triggerEvents)
    const mine = rows.filter((row) => row.senderEvent.startsWith(`${id}:confirmed`))
    return mine.length > 0 ? mine : null
  })
  expect(announced?.payload).toMatchObject({ grants: [newsletter], topics: ['newsletter'] })
})

it('a part that was withdrawn and is ticked again is asked for by a request of its own', async () => {
  const person = await putPerson(assent.api)
  const id = await request(person, [newsletter, events])
  await optOut(assent.api, person.email, 'marketing', 'newsletter')
  expect(await request(person, [newsletter, events])).toBe(id)
  const [first] = await assent.deps.db.select().from(doubleOptIns).where(eq(doubleOptIns.id, id))
  const point = first?.contactPointId ?? ''
  const mine = () =>
    assent.deps.db
      .select()
      .from(doubleOptIns)
      .where(eq(doubleOptIns.contactPointId, point))
      .orderBy(doubleOptIns.id)
  const [, second, ...more] = await mine()
  expect([second?.grants, second?.state, more]).toEqual([[newsletter], 'pending', []])
  // Asked once more it is the same two.
  await request(person, [newsletter, events])
  expect(await mine()).toHaveLength(2)

  const notice = { id: 'page', version: '1', language: 'en', wording: 'Confirm' }
  const said = { notice, pageUrl: 'https://example.com/confirm', ip: null, userAgent: null }
  for (const asked of [id, second?.id ?? '']) {
    const { token } = await claim(asked, 1)
    expect(await confirmDoubleOptIn(assent.deps, token, said)).toBe('confirmed')
  }
  const contactPoint = { channel: 'email', address: person.email }
  for (const { purpose, topic } of [newsletter, events]) {
    const { body } = await assent.api.call('POST', '/v1/consents/check', { contactPoint, purpose, topic })
    expect(body).toMatchObject({ verdict: 'allow', reason: 'opted-in' })
  }
})

it.each([
  ['for statistics alone leaves the stop of a complaint', [{ purpose: 'statistics' }], null],
  ['for news ends it: it is the later word of the same person', [newsletter], 'lifted'],
] as const)('a confirmation %s', async (_, grants, lifted) => {
  const person = await putPerson(assent.api)
  const id = await request(person, grants)
  const { token } = await claim(id, 1)
  const { db } = assent.deps
  const [row] = await db.select().from(doubleOptIns).where(eq(doubleOptIns.id, id))
  const suppression = newId()
  const { contactPointId = null } = row ?? {}
  await db.transaction((tx) =>
    tx.insert(suppressions).values({ id: suppression, contactPointId, channel: 'email', kind: 'complained' }),
  )
  const notice = { id: 'page', version: '1', language: 'en', wording: 'Confirm' }
  const said = { notice, pageUrl: 'https://example.com/confirm', ip: null, userAgent: null }
  expect(await confirmDoubleOptIn(assent.deps, token, said)).toBe('confirmed')
  const [after] = await db.select().from(suppressions).where(eq(suppressions.id, suppression))
  expect(after?.liftedAt == null ? null : 'lifted').toBe(lifted)
})

it('a hundred requests nudge the workflow no more often than there are mails', async () => {
  // Last in this file: from here on nobody takes the nudges, so that they can be counted.
  await assent.dispatcher.stop()
  const person = await putPerson(assent.api)
  const id = await request(person, [newsletter])
  const told = async (kind: string) =>
    (await assent.deps.db.select().from(outbox).where(eq(outbox.stream, id))).filter(
      (row) => row.kind === kind,
    ).length
  const nudges = () => told('signal')
  for (let i = 0; i < 30; i++) expect(await request(person, [newsletter])).toBe(id)
  // The first mail is still due: it answers them all.
  expect([await mailsWanted(id), await nudges()]).toEqual([1, 0])
  for (let i = 0; i < 100; i++) {
    const due = (await mailsWanted(id)) ?? 0
    const sent = (await assent.deps.db.select().from(deliveries).where(eq(deliveries.doubleOptIn, id))).length
    if (sent < due) await claim(id, sent + 1)
    await request(person, [newsletter])
  }
  // Three an hour; what was asked beyond takes nothing from later hours.
  expect([await mailsWanted(id), await nudges()]).toEqual([3, 2])
  // Its workflow is started again at most once for all who ask before that is told.
  expect(await told('start')).toBe(1)
  await assent.deps.db.transaction((tx) =>
    tx
      .update(deliveries)
      .set({ claimedAt: new Date(Date.now() - 2 * 3_600_000).toISOString() })
      .where(eq(deliveries.doubleOptIn, id)),
  )
  await request(person, [newsletter])
  expect(await mailsWanted(id)).toBe(4)
})
