/** An answer that comes after the engine has given up: what the provider explicitly said is what became of the message. */
import { eq } from 'drizzle-orm'
import PostalMime, { type Email } from 'postal-mime'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { prepareDelivery } from '../../../activities/prepare.ts'
import { findContactPoint } from '../../../db/reads/contactPoint.ts'
import { triggerEvents } from '../../../db/schema/triggers.ts'
import type { HandOverOutcome } from '../../../domain/delivery/outcome.ts'
import { claimDelivery } from '../../../transactions/deliveries/claimDelivery.ts'
import { giveUpDelivery } from '../../../transactions/deliveries/giveUpDelivery.ts'
import { type DeliveryRef, readDraft } from '../../../transactions/deliveries/origin.ts'
import { markHandedOver, settleDelivery } from '../../../transactions/deliveries/settleDelivery.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { optIn, optOut, publish, putBrand, putPerson, startRunOf } from '../../harness/fixtures.ts'
import { bytesOf, header, linkIn } from '../../harness/mailbox.ts'
import { refOfRun } from '../../harness/refs.ts'

let assent: Assent
let journey: string
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
  journey = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'first' }] })
})
afterAll(() => assent.stop())

const now = () => new Date().toISOString()
const refused = (permanent: boolean): HandOverOutcome => ({
  kind: 'refused',
  permanent,
  answer: { code: permanent ? 550 : 451, text: 'no' },
  ...(permanent ? { suppress: { kind: 'hard-bounced', reason: '550 5.1.1', status: '5.1.1' } } : {}),
})

/** Rendered, claimed and begun to flow. */
async function attempt(ref: DeliveryRef) {
  const { assessment, content } = await readDraft(assent.deps, assent.deps.db, ref)
  const { rendering, prepared } = await prepareDelivery(assent.means, assessment, content)
  const claim = await claimDelivery(assent.deps, rendering, now())
  if (claim.kind !== 'claimed') throw new Error(claim.kind)
  const source = await PostalMime.parse(bytesOf(prepared))
  return { claim, source }
}

it('refused for now after the body, and delivered all the same: the links of that mail work', async () => {
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  const run = await startRunOf(assent.api, journey, person)
  const ref = await refOfRun(assent.deps, run)
  const mails = []
  // The first dies before a byte has flowed; the second is told no after the body; the third arrives.
  for (const outcome of ['none', 'refused', 'accepted']) {
    const { claim, source } = await attempt(ref)
    mails.push(source)
    if (outcome === 'none') continue
    expect(await markHandedOver(assent.deps, claim.delivery, claim.attempt)).toBe(true)
    const answer = { code: 250, text: 'yes' }
    const said = outcome === 'refused' ? refused(false) : { kind: 'accepted' as const, answer }
    await settleDelivery(assent.deps, claim, said, now())
  }
  // Nobody has the links of the mail that never left.
  const [, first, second] = mails
  if (first === undefined || second === undefined) throw new Error('no mail')
  const visit = async (mail: Email, path: string) => {
    const { status } = await fetch(linkIn(mail, path), { redirect: 'manual' })
    return status
  }
  expect(await Promise.all([first, second].map((mail) => visit(mail, '/t/')))).toEqual([302, 302])
  expect(await Promise.all([first, second].map((mail) => visit(mail, '/preferences/')))).toEqual([200, 200])
  const oneClick = { method: 'POST', body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }) }
  const unsubscribe = header(first, 'List-Unsubscribe')?.slice(1, -1) ?? ''
  expect((await fetch(unsubscribe, oneClick)).status).toBe(200)
  const reply = await assent.api.call('POST', '/v1/consents/check', {
    contactPoint: { channel: 'email', address: person.email },
    purpose: 'marketing',
    topic: 'newsletter',
  })
  expect(reply.body).toMatchObject({ verdict: 'block', reason: 'topic-opted-out' })
})

it('the links of that mail keep its scope, though the next attempt goes to another address', async () => {
  const person = await putPerson(assent.api)
  const other = await putPerson(assent.api)
  for (const { email } of [person, other]) await optIn(assent.api, email, 'marketing', 'newsletter')
  const run = await startRunOf(assent.api, journey, person)
  const ref = await refOfRun(assent.deps, run)
  const { claim, source } = await attempt(ref)
  expect(await markHandedOver(assent.deps, claim.delivery, claim.attempt)).toBe(true)
  await settleDelivery(assent.deps, claim, refused(false), now())
  await assent.api.put(`/v1/contacts/${person.externalId}`, { email: other.email })
  await attempt(ref)
  const oneClick = { method: 'POST', body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }) }
  const unsubscribe = header(source, 'List-Unsubscribe')?.slice(1, -1) ?? ''
  expect((await fetch(unsubscribe, oneClick)).status).toBe(200)
  const verdict = async (address: string) => {
    const { body } = await assent.api.call('POST', '/v1/consents/check', {
      contactPoint: { channel: 'email', address },
      purpose: 'marketing',
      topic: 'newsletter',
    })
    return body
  }
  expect(await verdict(person.email)).toMatchObject({ verdict: 'block', reason: 'topic-opted-out' })
  expect(await verdict(other.email)).toMatchObject({ verdict: 'allow' })
})

it('an open or click of that mail is judged by the address it went to, not by that of the next attempt', async () => {
  const person = await putPerson(assent.api)
  const other = await putPerson(assent.api)
  for (const { email } of [person, other]) await optIn(assent.api, email, 'marketing', 'newsletter')
  const run = await startRunOf(assent.api, journey, person)
  const ref = await refOfRun(assent.deps, run)
  const { claim, source } = await attempt(ref)
  expect(await markHandedOver(assent.deps, claim.delivery, claim.attempt)).toBe(true)
  await settleDelivery(assent.deps, claim, refused(false), now())
  await assent.api.put(`/v1/contacts/${person.externalId}`, { email: other.email })
  await optOut(assent.api, person.email, 'statistics')
  const { source: next } = await attempt(ref)
  const browser = { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }
  const visit = async (mail: Email) => {
    for (const path of ['/t/', '/o/'])
      await fetch(linkIn(mail, path), { redirect: 'manual', headers: browser })
    const seen = await assent.deps.db
      .select({ name: triggerEvents.name, point: triggerEvents.contactPointId })
      .from(triggerEvents)
      .where(eq(triggerEvents.deliveryId, claim.delivery))
      .orderBy(triggerEvents.name)
    return seen.filter(({ name }) => name.startsWith('message.'))
  }
  expect(await visit(source)).toEqual([])
  const moved = await findContactPoint(assent.deps.db, 'email', other.email)
  expect(await visit(next)).toEqual([
    { name: 'message.clicked', point: moved },
    { name: 'message.opened', point: moved },
  ])
})

/** The body has begun to flow. */
async function handedOver() {
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  const run = await startRunOf(assent.api, journey, person)
  const ref = await refOfRun(assent.deps, run)
  const { assessment, content } = await readDraft(assent.deps, assent.deps.db, ref)
  const { rendering } = await prepareDelivery(assent.means, assessment, content)
  const claim = await claimDelivery(assent.deps, rendering, now())
  if (claim.kind !== 'claimed') throw new Error(claim.kind)
  expect(await markHandedOver(assent.deps, claim.delivery, claim.attempt)).toBe(true)
  return { claim, person, ref }
}

/** Handed over, and then given up for lost. */
async function unknown() {
  const { claim, person, ref } = await handedOver()
  expect((await giveUpDelivery(assent.deps, ref, 'gave-up')).state).toBe('unknown')
  return { claim, person }
}

it('a refusal for now settles nothing: it is held, and open', async () => {
  const { claim } = await handedOver()
  const held = await settleDelivery(assent.deps, claim, refused(false), now())
  expect([held.state, held.reason, held.settledAt]).toEqual(['held', 'refused-for-now', null])
})

it('a late refusal for good says that it failed, and a dead address is suppressed', async () => {
  const { claim, person } = await unknown()
  const settled = await settleDelivery(assent.deps, claim, refused(true), now())
  expect([settled.state, settled.reason]).toEqual(['failed', 'refused'])
  const reply = await assent.api.call('POST', '/v1/consents/check', {
    contactPoint: { channel: 'email', address: person.email },
    purpose: 'marketing',
    topic: 'newsletter',
  })
  expect(reply.body).toMatchObject({ reason: 'suppressed-hard-bounced' })
})

it('a late temporary refusal changes nothing, because no attempt would follow', async () => {
  const { claim } = await unknown()
  expect((await settleDelivery(assent.deps, claim, refused(false), now())).state).toBe('unknown')
})
