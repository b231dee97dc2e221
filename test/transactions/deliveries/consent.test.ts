/** A journey cannot outrun consent: it is asked before each send, and again at the claim. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installFailpoint } from '../../../failpoints.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { deliveryShape, takenShape } from '../../harness/client.ts'
import {
  commercial,
  optIn,
  optOut,
  publish,
  putBrand,
  putPerson,
  startRunOf,
} from '../../harness/fixtures.ts'
import { header, linkIn, mailsArrived, mailsTo } from '../../harness/mailbox.ts'
import { until } from '../../harness/until.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent()
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

describe('a journey with two mails and a wait between them', () => {
  const steps = [
    { id: 'one', type: 'send', message: 'first' },
    {
      id: 'wait',
      type: 'waitFor',
      timeout: '1 day',
      events: [{ trigger: 'order.placed', steps: [{ id: 'two', type: 'send', message: 'second' }] }],
    },
  ]

  it('sends if consent was granted, and continues when the trigger arrives', async () => {
    const journey = await publish(assent.api, { entry: { trigger: 'cart.abandoned' }, steps })
    const person = await putPerson(assent.api, { attributes: { nickname: 'Kim' } })
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    const taken = await assent.api.ok(
      'POST',
      '/v1/triggers/cart.abandoned',
      { id: `cart-${person.externalId}`, contact: { email: person.email }, payload: { cart: 7 } },
      takenShape,
    )
    expect(taken.started).toHaveLength(1)
    const [run = ''] = taken.started
    const [mail] = await mailsArrived(person.email, 1)
    expect(mail?.subject).toBe('First for Kim')
    await assent.runWaits(run, 'wait')
    const moved = await assent.api.ok(
      'POST',
      '/v1/triggers/order.placed',
      { contact: { externalId: person.externalId } },
      takenShape,
    )
    expect(moved.signalled).toEqual([run])
    const ended = await assent.runEnded(run)
    expect(ended.path.map((step) => [step.step, step.outcome])).toEqual([
      ['one', 'sent'],
      ['wait', 'matched'],
      ['two', 'sent'],
    ])
    expect((await mailsArrived(person.email, 2)).map((one) => one.subject)).toEqual([
      'First for Kim',
      'Second for Kim',
    ])
    const listed = await assent.api.call('GET', `/v1/runs?journey=${journey}`)
    expect(listed.text).toContain(run)
  })

  it('names the one-click withdrawal in the header, and blocks the second mail after it; the run continues', async () => {
    const journey = await publish(assent.api, { steps })
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    const run = await startRunOf(assent.api, journey, person)
    const [mail] = await mailsArrived(person.email, 1)
    if (mail === undefined) throw new Error('no mail')
    expect(header(mail, 'List-Unsubscribe-Post')).toBe('List-Unsubscribe=One-Click')
    const target = header(mail, 'List-Unsubscribe')?.slice(1, -1) ?? ''
    await assent.runWaits(run, 'wait')
    const answer = await fetch(target, {
      method: 'POST',
      body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
      redirect: 'manual',
    })
    expect(answer.status).toBe(200)
    await assent.api.ok(
      'POST',
      '/v1/triggers/order.placed',
      { contact: { externalId: person.externalId } },
      takenShape,
    )
    const ended = await assent.runEnded(run)
    expect(ended.state).toBe('completed')
    expect(ended.path.at(-1)).toMatchObject({ step: 'two', outcome: 'blocked', reason: 'topic-opted-out' })
    expect(await mailsTo(person.email)).toHaveLength(1)
  })

  it('blocks from the start without consent, and says why', async () => {
    const journey = await publish(assent.api, { steps: [steps[0]] })
    const person = await putPerson(assent.api)
    const ended = await assent.runEnded(await startRunOf(assent.api, journey, person))
    expect(ended.path[0]).toMatchObject({ outcome: 'blocked', reason: 'no-topic-consent' })
    const delivery = await assent.api.ok(
      'GET',
      `/v1/deliveries/${ended.path[0]?.delivery}`,
      undefined,
      deliveryShape,
    )
    expect(delivery).toMatchObject({
      state: 'blocked',
      decision: { verdict: 'block', reason: 'no-topic-consent' },
      decisionInput: { purpose: { key: 'marketing', enforcement: 'restrictive' } },
    })
    expect(await mailsTo(person.email)).toHaveLength(0)
  })

  it('opted out of the whole purpose between two sends is blocked as opted-out', async () => {
    const journey = await publish(assent.api, { steps })
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    const run = await startRunOf(assent.api, journey, person)
    await assent.runWaits(run, 'wait')
    await optOut(assent.api, person.email, '*')
    await assent.api.ok(
      'POST',
      '/v1/triggers/order.placed',
      { contact: { externalId: person.externalId } },
      takenShape,
    )
    const ended = await assent.runEnded(run)
    expect(ended.path.at(-1)).toMatchObject({ step: 'two', outcome: 'blocked', reason: 'opted-out' })
  })
})

describe('a run that ends when its purpose or topic is withdrawn', () => {
  const sleeps = [{ id: 'sleep', type: 'wait', for: '2 days' }]
  const exitOn = (where: string) => ({ steps: sleeps, exit: [{ trigger: 'consent.withdrawn', where }] })

  it.each([
    ['of the purpose', 'event.purpose == "marketing" && event.topic == null'],
    ['of a topic nobody spoke of before', 'event.topic == "events"'],
    ['of everything, by its own name', 'event.purpose == "*"'],
  ])('hears of everything switched off: a withdrawal %s', async (_, where) => {
    const journey = await publish(assent.api, exitOn(where))
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    const run = await startRunOf(assent.api, journey, person)
    await assent.runWaits(run, 'sleep')
    await optOut(assent.api, person.email, '*')
    expect(await assent.runEnded(run)).toMatchObject({ state: 'exited' })
  })

  it('gets the trigger when everything is switched off a second time, after an opt-in', async () => {
    const journey = await publish(assent.api, exitOn('event.topic == "newsletter"'))
    const person = await putPerson(assent.api)
    await optOut(assent.api, person.email, '*')
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    await until('the first changes to be heard', async () => {
      const rows = await assent.deps.db.execute(sql`select from outbox where kind = 'trigger'`)
      return rows.length === 0 ? true : null
    })
    const run = await startRunOf(assent.api, journey, person)
    await assent.runWaits(run, 'sleep')
    await optOut(assent.api, person.email, '*')
    expect(await assent.runEnded(run)).toMatchObject({ state: 'exited' })
  })
})

describe('a withdrawal races a claim', () => {
  const once = { steps: [{ id: 'one', type: 'send', message: 'first' }] }

  it('that comes before the claim stops the mail, although the consent activity allowed it', async () => {
    const journey = await publish(assent.api, once)
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    // Rendered, allowed, connected: only the claim is still to come.
    const remove = installFailpoint('deliver:rendered', async () => {
      remove()
      await optOut(assent.api, person.email, 'marketing')
    })
    const ended = await assent.runEnded(await startRunOf(assent.api, journey, person))
    expect(ended.path[0]).toMatchObject({ outcome: 'blocked', reason: 'opted-out' })
    expect(await mailsTo(person.email)).toHaveLength(0)
  })

  it('that comes after the claim finds the mail handed over, and stops the next', async () => {
    const journey = await publish(assent.api, {
      steps: [...once.steps, { id: 'two', type: 'send', message: 'second' }],
    })
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    const remove = installFailpoint('deliver:claimed', async () => {
      remove()
      await optOut(assent.api, person.email, 'marketing')
    })
    const ended = await assent.runEnded(await startRunOf(assent.api, journey, person))
    expect(ended.path.map((step) => step.outcome)).toEqual(['sent', 'blocked'])
    expect(await mailsTo(person.email)).toHaveLength(1)
  })

  it('that takes only tracking back before the claim sends the mail without pixel and redirects', async () => {
    const journey = await publish(assent.api, once)
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    const remove = installFailpoint('deliver:rendered', async () => {
      remove()
      await optOut(assent.api, person.email, 'statistics')
    })
    const ended = await assent.runEnded(await startRunOf(assent.api, journey, person))
    expect(ended.path[0]).toMatchObject({ outcome: 'sent' })
    const [mail] = await mailsArrived(person.email, 1)
    expect(mail?.html).toContain('href="https://www.example.com/checkout"')
    expect(mail?.html).not.toContain('/o/')
    expect(mail?.html).not.toContain('/t/')
  })
})

it('tracks where it is permitted: pixel, redirects, and an open that moves the journey', async () => {
  const journey = await publish(assent.api, {
    steps: [
      { id: 'one', type: 'send', message: 'first' },
      {
        id: 'opened',
        type: 'waitFor',
        timeout: '3 days',
        events: [{ opened: 'one', steps: [] }],
        onTimeout: [{ id: 'again', type: 'send', message: 'second' }],
      },
    ],
  })
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  const run = await startRunOf(assent.api, journey, person)
  const [mail] = await mailsArrived(person.email, 1)
  if (mail === undefined) throw new Error('no mail')
  await assent.runWaits(run, 'opened')
  const browser = {
    'User-Agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0',
  }
  const click = await fetch(linkIn(mail, '/t/'), { redirect: 'manual', headers: browser })
  expect(click.status).toBe(302)
  expect(click.headers.get('Location')).toBe('https://www.example.com/checkout')
  const ended = await assent.runEnded(run)
  expect(ended.path.at(-1)).toMatchObject({ step: 'opened', outcome: 'matched', reason: 'message.clicked' })
  expect(await mailsTo(person.email)).toHaveLength(1)
})

it('does not send a rendering of a message that has a newer version', async () => {
  await assent.api.put('/v1/messages/changing', commercial('Old'))
  const journey = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'changing' }] })
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  const remove = installFailpoint('deliver:rendered', async () => {
    remove()
    await assent.api.put('/v1/messages/changing', commercial('New'))
  })
  await assent.runEnded(await startRunOf(assent.api, journey, person))
  const [mail] = await mailsArrived(person.email, 1)
  expect(mail?.subject).toBe('New for you')
})

it('ends a run at once by its exit trigger, wherever it is', async () => {
  const journey = await publish(assent.api, {
    entry: { trigger: 'cart.abandoned' },
    reentry: 'always',
    exit: [{ trigger: 'order.placed', where: 'event.cart == trigger.cart' }],
    steps: [{ id: 'pause', type: 'wait', for: '1 hour' }],
  })
  const person = await putPerson(assent.api)
  const { started } = await assent.api.ok(
    'POST',
    '/v1/triggers/cart.abandoned',
    { contact: { externalId: person.externalId }, payload: { cart: 'a' } },
    takenShape,
  )
  const run = (await Promise.all(started.map((id) => assent.run(id)))).find((one) => one.journey === journey)
  if (run === undefined) throw new Error('not started')
  await assent.runWaits(run.id, 'pause')
  const other = { contact: { externalId: person.externalId }, payload: { cart: 'b' } }
  expect(
    (await assent.api.ok('POST', '/v1/triggers/order.placed', other, takenShape)).signalled,
  ).not.toContain(run.id)
  const same = { contact: { externalId: person.externalId }, payload: { cart: 'a' } }
  expect((await assent.api.ok('POST', '/v1/triggers/order.placed', same, takenShape)).signalled).toContain(
    run.id,
  )
  const ended = await assent.run(run.id)
  expect(ended).toMatchObject({ state: 'exited', endReason: 'trigger:order.placed' })
  await until('the workflow to hear of it', async () => {
    const { status } = await (await assent.workflow(run.id)).describe()
    return status.name === 'COMPLETED'
  })
})
