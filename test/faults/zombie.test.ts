/**
 * An attempt that the engine has given up for dead, and that lives: it can hand nothing over any more, and what it still hears
 * counts. The second attempt's steps are taken here by hand, in the order of the race.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { prepareDelivery } from '../../activities/prepare.ts'
import { installFailpoint } from '../../failpoints.ts'
import { claimDelivery, type Prospect } from '../../transactions/deliveries/claimDelivery.ts'
import { giveUpDelivery } from '../../transactions/deliveries/giveUpDelivery.ts'
import { type DeliveryRef, readDraft } from '../../transactions/deliveries/origin.ts'
import { markHandedOver, settleDelivery } from '../../transactions/deliveries/settleDelivery.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { deliveryShape } from '../harness/client.ts'
import { optIn, type Person, publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { refOfRun } from '../harness/refs.ts'
import { SmtpServer } from '../harness/smtp.ts'
import { until } from '../harness/until.ts'

let smtp: SmtpServer
let assent: Assent
let journey: string
beforeAll(async () => {
  smtp = await SmtpServer.start()
  assent = await startAssent({ smtp: smtp.url })
  await putBrand(assent.api)
  journey = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'first' }] })
})
afterAll(async () => {
  await assent.stop()
  await smtp.stop()
})

const accepted = { kind: 'accepted', answer: { code: 250, enhanced: '2.0.0', text: 'queued' } } as const

async function optedIn(): Promise<Person> {
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  return person
}

/** A rendering as another attempt makes it. */
async function rendering(ref: DeliveryRef): Promise<Prospect> {
  const { assessment, content } = await readDraft(assent.deps, assent.deps.db, ref)
  return (await prepareDelivery(assent.means, assessment, content)).rendering
}

/** Holds the next attempt that has claimed, until told to go on. */
function holdClaimed(): { there: Promise<void>; goOn(): void } {
  const there = Promise.withResolvers<void>()
  const on = Promise.withResolvers<void>()
  const remove = installFailpoint('deliver:claimed', async () => {
    remove()
    there.resolve()
    await on.promise
  })
  return { there: there.promise, goOn: on.resolve }
}

const refOf = (run: string) => refOfRun(assent.deps, run)
const now = () => new Date().toISOString()

it('cannot hand over what a later attempt has claimed: not a byte flows from it', async () => {
  const person = await optedIn()
  const held = holdClaimed()
  const run = await startRunOf(assent.api, journey, person)
  await held.there
  const second = await claimDelivery(assent.deps, await rendering(await refOf(run)), now())
  if (second.kind !== 'claimed') throw new Error(`the second attempt was ${second.kind}`)
  expect(second.attempt).toBe(2)
  expect(await markHandedOver(assent.deps, second.delivery, 1)).toBe(false)
  expect(await markHandedOver(assent.deps, second.delivery, second.attempt)).toBe(true)
  held.goOn()
  // The first is told no, and the engine asks once more: whoever comes now finds a hand-over without an answer.
  const ended = await assent.runEnded(run)
  expect(ended.path).toMatchObject([{ outcome: 'unknown', reason: 'no-answer' }])
  expect(smtp.bodiesBegun(person.email)).toBe(0)
  // The second attempt's answer comes when nobody waits for it any more.
  const late = await settleDelivery(assent.deps, second, accepted, new Date().toISOString())
  expect(late).toMatchObject({ state: 'sent', reason: null, attempt: 2 })
  expect((await assent.run(run)).path).toMatchObject([{ outcome: 'sent', reason: null }])
})

it('that gets a late acceptance turns unknown into sent, and no second mail leaves', async () => {
  const person = await optedIn()
  smtp.plan(person.email, { at: 'after-body', hold: true })
  const run = await startRunOf(assent.api, journey, person)
  await until('the mail to be with the server', async () => smtp.holds(person.email))
  const second = await claimDelivery(assent.deps, await rendering(await refOf(run)), now())
  expect(second).toMatchObject({ kind: 'settled', delivery: { state: 'unknown', reason: 'no-answer' } })
  smtp.release(person.email)
  const ended = await assent.runEnded(run)
  expect(ended.path).toMatchObject([{ outcome: 'sent', reason: null }])
  const delivery = await assent.api.ok(
    'GET',
    `/v1/deliveries/${ended.path[0]?.delivery}`,
    undefined,
    deliveryShape,
  )
  expect(delivery).toMatchObject({ state: 'sent', attempt: 1, providerAnswer: { code: 250 } })
  expect(smtp.letters(person.email)).toHaveLength(1)
})

it('that was given up before it handed over is told no, and stays failed', async () => {
  const person = await optedIn()
  const held = holdClaimed()
  const run = await startRunOf(assent.api, journey, person)
  await held.there
  const given = await giveUpDelivery(assent.deps, await refOf(run), 'gave-up')
  expect(given).toMatchObject({ state: 'failed', reason: 'gave-up' })
  held.goOn()
  const ended = await assent.runEnded(run)
  expect(ended.path).toMatchObject([{ outcome: 'failed', reason: 'gave-up' }])
  expect(smtp.bodiesBegun(person.email)).toBe(0)
})

it('a late acceptance of an old attempt does not change the newer attempt', async () => {
  const person = await optedIn()
  const held = holdClaimed()
  const run = await startRunOf(assent.api, journey, person)
  await held.there
  const second = await claimDelivery(assent.deps, await rendering(await refOf(run)), now())
  if (second.kind !== 'claimed') throw new Error(`the second attempt was ${second.kind}`)
  const first = { delivery: second.delivery, attempt: 1, holds: 0 }
  const stray = await settleDelivery(assent.deps, first, { kind: 'not-handed-over', cause: 'lost' }, now())
  expect(stray).toMatchObject({ state: 'claimed', attempt: 2 })
  held.goOn()
  // The second has died before it handed over, so the engine's next attempt claims anew and sends.
  const ended = await assent.runEnded(run)
  expect(ended.path).toMatchObject([{ outcome: 'sent' }])
  expect(smtp.letters(person.email)).toHaveLength(1)
})
