/**
 * Mail that cannot be made. A DKIM key that is missing holds it until the key is back. A rendering that takes too long fails it after a few
 * attempts, however many workers start again, and delays no other mail. Every other kind of fault: `test/activities/faults.test.ts`.
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deliveries } from '../../db/schema/deliveries.ts'
import { mostRenderAttempts } from '../../transactions/deliveries/holdDelivery.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { mailsArrived } from '../harness/mailbox.ts'
import { until } from '../harness/until.ts'
import { startWorkerProcess } from '../harness/workerProcess.ts'

const folder = mkdtempSync(join(tmpdir(), 'dkim-'))
const keyFile = join(folder, 'example-com.pem')
const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
})
writeFileSync(keyFile, pem)

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false, environment: { ASSENT_DKIM_FOLDER: folder } })
  await putBrand(assent.api)
})
afterAll(async () => {
  await assent.stop()
  await rm(folder, { recursive: true })
})

const deliveryOf = async (run: string) => {
  const [row] = await assent.deps.db.select().from(deliveries).where(eq(deliveries.runId, run))
  return row ?? null
}

const journeyOf = (message: string) => publish(assent.api, { steps: [{ id: 'mail', type: 'send', message }] })

describe('a profile that signs its mail', () => {
  const profile = (file: string) => ({
    name: 'Signed',
    sender: {
      name: 'Signed',
      email: 'hello@example.com',
      dkim: { domain: 'example.com', selector: 'mail', keyFile: file },
    },
    postalAddress: '1 Example Street',
  })

  it.each([
    ['../example-com.pem', 'dkim-key-bad-name'],
    ['missing.pem', 'dkim-key-not-found'],
  ])('is refused with the key file %s', async (file, code) => {
    const { status, body } = await assent.api.call('PUT', '/v1/profiles/signed', profile(file))
    expect(status).toBe(422)
    expect(body).toMatchObject({ code, errors: [{ pointer: '/sender/dkim/keyFile', code }] })
  })

  it('holds its mail while the key is away, says why, and sends it once the key is back', async () => {
    await assent.api.put('/v1/profiles/signed', profile('example-com.pem'))
    await assent.api.put('/v1/messages/signed', {
      channel: 'email',
      profile: 'signed',
      purpose: 'service',
      subject: 'Signed',
      text: 'This is signed.',
    })
    await rename(keyFile, `${keyFile}.away`)
    await assent.startWorker()
    const person = await putPerson(assent.api)
    const run = await startRunOf(assent.api, await journeyOf('signed'), person)
    const held = await until('a held delivery', async () => {
      const row = await deliveryOf(run)
      return row?.state === 'held' ? row : null
    })
    expect(held.reason).toBe('dkim-key: not-found')
    await rename(`${keyFile}.away`, keyFile)
    await assent.runEnded(run)
    expect(await deliveryOf(run)).toMatchObject({ state: 'sent', reason: null, renderAttempts: 0 })
    const [mail] = await mailsArrived(person.email, 1)
    expect(mail?.headers.some(({ key }) => key === 'dkim-signature')).toBe(true)
  })
})

describe('a trigger of 150 KB that is made to keep a reader of addresses busy', () => {
  it('is a mail like any other, and so is the next one', async () => {
    await assent.api.put('/v1/messages/note', {
      channel: 'email',
      purpose: 'service',
      subject: 'A note',
      html: '<p>{{ trigger.note }}</p>',
      text: 'A note: {{ trigger.note }}',
    })
    const person = await putPerson(assent.api)
    const note = `https://www.example.com/${')]}'.repeat(50_000)}`
    const run = await startRunOf(assent.api, await journeyOf('note'), person, { note })
    const next = await startRunOf(assent.api, await journeyOf('receipt'), person, { order: '2' })
    await assent.runEnded(next)
    await assent.runEnded(run)
    expect(await deliveryOf(run)).toMatchObject({ state: 'sent', renderAttempts: 0 })
    expect(await mailsArrived(person.email, 2)).toHaveLength(2)
  })
})

describe('a mail that cannot be rendered in time', () => {
  it('fails after a few attempts, though a worker dies in between, and other mail leaves meanwhile', async () => {
    await assent.stopWorker()
    await assent.api.put('/v1/messages/costly', {
      channel: 'email',
      purpose: 'service',
      subject: 'Costly',
      // Each paragraph opens anew all that was open in the one before, as the rules of HTML have it.
      html: '<p>{% for item in trigger.items %}<b a{{ item }}="x">{% endfor %}{% for item in trigger.items %}</p><p>x{% endfor %}',
      text: 'Costly',
    })
    const person = await putPerson(assent.api)
    const items = Array.from({ length: 3_000 }, (_, i) => i)
    const costly = await startRunOf(assent.api, await journeyOf('costly'), person, { items })
    const receipts = await journeyOf('receipt')

    const first = await startWorkerProcess(assent.environment, { ASSENT_FAILPOINTS: 'deliver:held=kill' })
    expect(await first.ended).toBe('SIGKILL')
    expect(await deliveryOf(costly)).toMatchObject({ state: 'held', renderAttempts: 1 })

    const second = await startWorkerProcess(assent.environment)
    const other = await startRunOf(assent.api, receipts, person, { order: '1' })
    await assent.runEnded(other)
    expect(await deliveryOf(other)).toMatchObject({ state: 'sent' })
    await assent.runEnded(costly, 90)
    expect(await deliveryOf(costly)).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/^rendering-too-costly: (?:deadline|memory)$/),
      renderAttempts: mostRenderAttempts,
    })
    await second.stop()
  }, 180_000)
})
