/** Waits can miss nothing and count nothing twice: the row decides, whatever the order in which timer, event and entry come. */
import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { handles } from '../../../db/schema/deliveries.ts'
import { waits } from '../../../db/schema/journeys.ts'
import { installFailpoint } from '../../../failpoints.ts'
import { recordInteraction } from '../../../transactions/interactions/recordInteraction.ts'
import { advance } from '../../../transactions/runs/advance.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { takenShape } from '../../harness/client.ts'
import { optIn, type Person, publish, putBrand, putPerson, startRunOf } from '../../harness/fixtures.ts'
import { until } from '../../harness/until.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent()
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const order = (person: Person, payload = {}) =>
  assent.api.ok(
    'POST',
    '/v1/triggers/order.placed',
    { contact: { externalId: person.externalId }, payload },
    takenShape,
  )

const journeyOf = (timeout: string) =>
  publish(assent.api, {
    steps: [
      { id: 'one', type: 'send', message: 'first' },
      {
        id: 'ordered',
        type: 'waitFor',
        timeout,
        events: [{ trigger: 'order.placed', steps: [{ id: 'thanks', type: 'send', message: 'receipt' }] }],
        onTimeout: [{ id: 'remind', type: 'send', message: 'second' }],
      },
    ],
  })

async function optedIn(): Promise<Person> {
  const person = await putPerson(assent.api)
  await optIn(assent.api, person.email, 'marketing', 'newsletter')
  return person
}

async function waitRow(run: string) {
  const [row] = await assent.deps.db
    .select()
    .from(waits)
    .where(and(eq(waits.runId, run), eq(waits.step, 'ordered')))
  return row
}

async function eventsOf(run: string) {
  const { events } = await (await assent.workflow(run)).fetchHistory()
  return events ?? []
}

async function signalsOf(run: string): Promise<number> {
  const signals = (await eventsOf(run)).filter((event) => event.workflowExecutionSignaledEventAttributes)
  return signals.length
}

describe('an event around the start of a waitFor counts once', () => {
  it('just before: the message is with the provider, the wait not entered yet', async () => {
    const journey = await journeyOf('1 day')
    const person = await optedIn()
    const remove = installFailpoint('deliver:recorded', async () => {
      remove()
      expect((await order(person)).signalled).toEqual([])
    })
    const run = await assent.runEnded(await startRunOf(assent.api, journey, person))
    expect(run.path.map((step) => step.outcome)).toEqual(['sent', 'matched', 'sent'])
  })

  it('an opening just before: the message was read faster than the wait was entered', async () => {
    const journey = await publish(assent.api, {
      steps: [
        { id: 'one', type: 'send', message: 'first' },
        { id: 'read', type: 'waitFor', timeout: '1 day', events: [{ opened: 'one', steps: [] }] },
      ],
    })
    const person = await optedIn()
    const { db } = assent.deps
    const remove = installFailpoint('deliver:recorded', async () => {
      remove()
      const [mail] = await db.select().from(handles).where(eq(handles.contactId, person.id))
      if (mail === undefined) throw new Error('nothing was delivered')
      const opened = { mail, class: 'human', kind: 'opened' } as const
      expect(await recordInteraction(assent.deps, opened)).toBe('recorded')
    })
    const run = await assent.runEnded(await startRunOf(assent.api, journey, person))
    expect(run.path.map((step) => [step.outcome, step.reason])).toEqual([
      ['sent', null],
      ['matched', 'message.opened'],
    ])
  })

  it('of two awaited things only the one that looks back to the entry is found there', async () => {
    const journey = await publish(assent.api, {
      steps: [
        {
          id: 'pause',
          type: 'waitFor',
          timeout: '1 day',
          events: [{ trigger: 'order.placed', steps: [] }],
        },
        {
          id: 'either',
          type: 'waitFor',
          timeout: '1 day',
          events: [
            { trigger: 'cart.abandoned', steps: [{ id: 'wrong', type: 'exit' }] },
            { trigger: 'order.placed', since: 'entry', steps: [] },
          ],
        },
      ],
    })
    const person = await optedIn()
    const id = await startRunOf(assent.api, journey, person)
    await assent.runWaits(id, 'pause')
    const contact = { externalId: person.externalId }
    await assent.api.ok('POST', '/v1/triggers/cart.abandoned', { contact }, takenShape)
    await order(person)
    const run = await assent.runEnded(id)
    expect(run.path.map((step) => [step.outcome, step.reason])).toEqual([
      ['matched', 'order.placed'],
      ['matched', 'order.placed'],
    ])
  })

  it('before the message left: it does not count', async () => {
    const journey = await journeyOf('1 day')
    const person = await optedIn()
    const remove = installFailpoint('deliver:rendered', async () => {
      remove()
      await order(person)
    })
    const id = await startRunOf(assent.api, journey, person)
    await assent.runWaits(id, 'ordered')
    expect((await waitRow(id))?.state).toBe('open')
  })

  it('at the same time: the event holds the lock while the wait is entered', async () => {
    const journey = await journeyOf('1 day')
    const person = await optedIn()
    const { promise: entering, resolve: enters } = Promise.withResolvers<void>()
    const { promise: holds, resolve: locked } = Promise.withResolvers<void>()
    const removeEnter = installFailpoint('deliver:recorded', async () => {
      removeEnter()
      const removeLock = installFailpoint('trigger:locked', async () => {
        removeLock()
        locked()
        await entering
      })
      void order(person)
      await holds
      // Now the event is inside its transaction; the wait queues behind its lock.
      setImmediate(enters)
    })
    const run = await assent.runEnded(await startRunOf(assent.api, journey, person))
    expect(run.path.map((step) => step.outcome)).toEqual(['sent', 'matched', 'sent'])
  })

  it('just after: the open wait is settled by intake, and one event settles one wait only', async () => {
    const journey = await publish(assent.api, {
      steps: [
        {
          id: 'ordered',
          type: 'waitFor',
          timeout: '1 day',
          events: [{ trigger: 'order.placed', steps: [] }],
        },
        { id: 'again', type: 'waitFor', timeout: '1 day', events: [{ trigger: 'order.placed', steps: [] }] },
      ],
    })
    const person = await optedIn()
    const id = await startRunOf(assent.api, journey, person)
    await assent.runWaits(id, 'ordered')
    expect((await order(person)).signalled).toEqual([id])
    await assent.runWaits(id, 'again')
    expect((await order(person)).signalled).toEqual([id])
    const run = await assent.runEnded(id)
    expect(run.path.map((step) => [step.step, step.outcome])).toEqual([
      ['ordered', 'matched'],
      ['again', 'matched'],
    ])
  })

  it('after the delivery has entered the wait, before the engine has heard of it', async () => {
    const journey = await journeyOf('1 day')
    const person = await optedIn()
    const { promise: started, resolve: start } = Promise.withResolvers<string>()
    let ordered = false
    const remove = installFailpoint('deliver:advanced', async () => {
      const id = await started
      // A delivery of a run before may still come by.
      if (ordered || (await waitRow(id))?.state !== 'open') return
      ordered = true
      remove()
      expect((await order(person)).signalled).toEqual([id])
      // The workflow hears of the event first, and of the delivery after it.
      await until('the signal', async () => (await signalsOf(id)) > 0)
    })
    const id = await startRunOf(assent.api, journey, person)
    start(id)
    const run = await assent.runEnded(id)
    expect(run.path.map((step) => step.outcome)).toEqual(['sent', 'matched', 'sent'])
  })

  it('a wait that cannot be entered along with the delivery is asked for anew, and the mail is not', async () => {
    const journey = await journeyOf('1 day')
    const person = await optedIn()
    const remove = installFailpoint('wait:before-enter', async () => {
      remove()
      throw new Error('the database is away')
    })
    const id = await startRunOf(assent.api, journey, person)
    await assent.runWaits(id, 'ordered')
    await order(person)
    const run = await assent.runEnded(id)
    expect(run.path.map((step) => step.outcome)).toEqual(['sent', 'matched', 'sent'])
    // Not even as an attempt that finds the mail gone already.
    const attempts = (await eventsOf(id)).map((event) => event.activityTaskStartedEventAttributes?.attempt)
    expect(attempts.filter((attempt) => attempt !== undefined)).toEqual([1, 1])
  })

  it('two events at once: both waits are settled, none is lost', async () => {
    const journey = await publish(assent.api, {
      steps: [
        {
          id: 'ordered',
          type: 'waitFor',
          timeout: '1 day',
          events: [{ trigger: 'order.placed', steps: [] }],
        },
        { id: 'again', type: 'waitFor', timeout: '1 day', events: [{ trigger: 'order.placed', steps: [] }] },
      ],
    })
    const person = await optedIn()
    const id = await startRunOf(assent.api, journey, person)
    await assent.runWaits(id, 'ordered')
    await Promise.all([order(person), order(person)])
    expect((await assent.runEnded(id)).path.map((step) => step.outcome)).toEqual(['matched', 'matched'])
  })
})

describe('a timer that fires while the event arrives has one outcome', () => {
  const late = () => new Date(Date.now() + 2 * 86_400_000).toISOString()

  it('the event first', async () => {
    const journey = await journeyOf('1 day')
    const person = await optedIn()
    const id = await startRunOf(assent.api, journey, person)
    await assent.runWaits(id, 'ordered')
    const remove = installFailpoint('advance:before', async () => {
      remove()
      await order(person)
    })
    // The timer's question, asked with the deadline past; the event gets in before it.
    expect(await advance(assent.deps, { run: id, now: late() })).toMatchObject({
      do: 'send',
      what: 'thanks',
    })
    const run = await assent.runEnded(id)
    expect(run.path.map((step) => [step.step, step.outcome])).toEqual([
      ['one', 'sent'],
      ['ordered', 'matched'],
      ['thanks', 'sent'],
    ])
    expect(await assent.workflowResult(id)).toEqual({ state: 'completed', reason: 'end-of-steps' })
  })

  it('the timer first', async () => {
    const journey = await journeyOf('1 day')
    const person = await optedIn()
    const id = await startRunOf(assent.api, journey, person)
    await assent.runWaits(id, 'ordered')
    const remove = installFailpoint('trigger:before-lock', async () => {
      remove()
      const next = await advance(assent.deps, { run: id, now: late() })
      expect(next).toMatchObject({ do: 'send', what: 'remind' })
    })
    expect((await order(person)).signalled).toEqual([])
    expect((await waitRow(id))?.state).toBe('timed-out')
    // The workflow hears of it when its own timer fires, or when anything nudges it.
    await (await assent.workflow(id)).signal('nudge', { why: 'trigger' })
    const run = await assent.runEnded(id)
    expect(run.path.map((step) => [step.step, step.outcome])).toEqual([
      ['one', 'sent'],
      ['ordered', 'timed-out'],
      ['remind', 'sent'],
    ])
  })
})

it('an event says which of several awaited things happened: the first in the definition that matches', async () => {
  const journey = await publish(assent.api, {
    steps: [
      {
        id: 'which',
        type: 'waitFor',
        timeout: '1 day',
        events: [
          {
            trigger: 'order.placed',
            where: 'event.value >= 100',
            steps: [{ id: 'big', type: 'exit', reason: 'big' }],
          },
          {
            trigger: 'order.placed',
            where: 'event.value >= 10',
            steps: [{ id: 'small', type: 'exit', reason: 'small' }],
          },
        ],
      },
    ],
  })
  const person = await putPerson(assent.api)
  const id = await startRunOf(assent.api, journey, person)
  await assent.runWaits(id, 'which')
  expect((await order(person, { value: 5 })).signalled).toEqual([])
  expect((await order(person, { other: 1 })).signalled).toEqual([])
  expect((await order(person, { value: 50 })).signalled).toEqual([id])
  const run = await assent.runEnded(id)
  expect(run.state).toBe('exited')
  expect(run.path.at(-1)).toMatchObject({ step: 'small', outcome: 'exited', reason: 'small' })
})

it('since entry: what happened after the run began and before the wait counts', async () => {
  const journey = await publish(assent.api, {
    steps: [
      { id: 'one', type: 'send', message: 'first' },
      {
        id: 'ordered',
        type: 'waitFor',
        timeout: '1 day',
        events: [{ trigger: 'order.placed', since: 'entry', steps: [] }],
      },
    ],
  })
  const person = await optedIn()
  const remove = installFailpoint('deliver:rendered', async () => {
    remove()
    await order(person)
  })
  const run = await assent.runEnded(await startRunOf(assent.api, journey, person))
  expect(run.path.map((step) => step.outcome)).toEqual(['sent', 'matched'])
})

describe('branches and re-entry', () => {
  it('takes the first case that holds, over contact, payload and consent', async () => {
    const journey = await publish(assent.api, {
      reentry: 'always',
      steps: [
        {
          id: 'which',
          type: 'branch',
          cases: [
            { when: 'contact.attributes.plan == "gold"', steps: [{ id: 'gold', type: 'exit' }] },
            {
              when: 'consent.email["marketing"].topics["newsletter"].state == "opted-in"',
              steps: [{ id: 'reader', type: 'exit' }],
            },
          ],
          otherwise: [{ id: 'other', type: 'exit' }],
        },
      ],
    })
    const ends = async (person: Person) =>
      (await assent.runEnded(await startRunOf(assent.api, journey, person))).path.at(-1)?.step
    expect(await ends(await putPerson(assent.api, { attributes: { plan: 'gold' } }))).toBe('gold')
    expect(await ends(await optedIn())).toBe('reader')
    expect(await ends(await putPerson(assent.api))).toBe('other')
  })

  it('never by default, always or after a time if the journey says so', async () => {
    const steps = [{ id: 'pause', type: 'wait', for: '1 hour' }]
    const person = await putPerson(assent.api)
    const twice = async (definition: Record<string, unknown>) => {
      const journey = await publish(assent.api, { steps, ...definition })
      await startRunOf(assent.api, journey, person)
      const body = { contact: { externalId: person.externalId } }
      return (await assent.api.call('POST', `/v1/journeys/${journey}/runs`, body)).status
    }
    expect(await twice({})).toBe(409)
    expect(await twice({ reentry: 'always' })).toBe(201)
    expect(await twice({ reentry: { after: '7 days' } })).toBe(409)
  })

  it('cancels over REST, once', async () => {
    const journey = await publish(assent.api, { steps: [{ id: 'pause', type: 'wait', for: '1 hour' }] })
    const person = await putPerson(assent.api)
    const id = await startRunOf(assent.api, journey, person)
    await assent.runWaits(id, 'pause')
    expect((await assent.api.call('POST', `/v1/runs/${id}/cancel`)).status).toBe(200)
    expect((await assent.api.call('POST', `/v1/runs/${id}/cancel`)).status).toBe(409)
    expect(await assent.workflowResult(id)).toEqual({ state: 'cancelled', reason: 'cancelled' })
  })
})
