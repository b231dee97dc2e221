/** A condition or a moment that cannot be evaluated for a contact: the run's path says why, and nothing is sent too early. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { advance } from '../../../transactions/runs/advance.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { takenShape } from '../../harness/client.ts'
import { type Person, publish, putBrand, putPerson, startRunOf } from '../../harness/fixtures.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const next = (run: string, at = new Date()) => advance(assent.deps, { run, now: at.toISOString() })
const pathOf = async (run: string) =>
  (await assent.run(run)).path.map(({ step, outcome, reason }) => [step, outcome, reason])
const order = (person: Person, payload: Record<string, unknown> = {}) =>
  assent.api.ok(
    'POST',
    '/v1/triggers/order.placed',
    { contact: { externalId: person.externalId }, payload },
    takenShape,
  )

async function started(definition: Record<string, unknown>, payload: Record<string, unknown> = {}) {
  const journey = await publish(assent.api, definition)
  const person = await putPerson(assent.api)
  return { person, run: await startRunOf(assent.api, journey, person, payload) }
}

const due = { id: 'due', type: 'wait', until: 'contact.attributes.trialEnds' }
const receipt = { id: 'one', type: 'send', message: 'receipt' }
const pause = { id: 'pause', type: 'wait', for: '1 day' }
const missing = '"trialEnds" (at character 20) is missing'

describe('a wait whose moment the contact lacks', () => {
  it('ends the run where a message follows: that could leave too early', async () => {
    const { run } = await started({ steps: [due, pause, receipt] })
    expect(await next(run)).toEqual({ do: 'end', state: 'exited', reason: 'no-moment' })
    expect(await pathOf(run)).toEqual([['due', 'no-moment', missing]])
    expect(await assent.run(run)).toMatchObject({ state: 'exited', endReason: 'no-moment', waitingFor: null })
  })

  it('goes on where its author says so', async () => {
    const { run } = await started({ steps: [{ ...due, onUnknown: 'continue' }, receipt] })
    expect(await next(run)).toMatchObject({ do: 'send', what: 'one' })
    expect(await pathOf(run)).toEqual([
      ['due', 'no-moment', missing],
      ['one', 'sending', null],
    ])
  })

  it('goes on where no message follows, unless its author says otherwise', async () => {
    const { run } = await started({ steps: [due, pause] })
    expect(await next(run)).toMatchObject({ do: 'wait', what: 'pause' })
    const other = await started({ steps: [{ ...due, onUnknown: 'exit' }, pause] })
    expect(await next(other.run)).toMatchObject({ do: 'end', reason: 'no-moment' })
  })

  it('is settled once: a run that stops between the wait and what follows takes the same way', async () => {
    // The tenth effect of a transaction ends it.
    const branches = Array.from({ length: 9 }, (_, i) => ({
      id: `which-${i}`,
      type: 'branch',
      cases: [{ when: 'true', steps: [] }],
    }))
    const { run } = await started({ steps: [...branches, due, receipt] })
    expect((await pathOf(run)).at(-1)).toEqual(['due', 'no-moment', missing])
    expect((await assent.run(run)).state).toBe('running')
    expect(await next(run)).toEqual({ do: 'end', state: 'exited', reason: 'no-moment' })
    expect((await pathOf(run)).at(-1)).toEqual(['due', 'no-moment', missing])
  })

  it('is one whose expression gives no timestamp, too', async () => {
    const { run } = await started({ steps: [{ ...due, until: 'trigger.when' }, receipt] }, { when: 'soon' })
    expect(await pathOf(run)).toEqual([['due', 'no-moment', 'gives no timestamp']])
  })

  it('is warned of when the journey is put, and drawn', async () => {
    const put = await assent.api.call('PUT', '/v1/journeys/warned', { name: 'Warned', steps: [due, receipt] })
    expect(put).toMatchObject({
      status: 200,
      body: { problems: [{ severity: 'warning', pointer: '/steps/0/until', code: 'unknown-moment' }] },
    })
  })
})

describe('a branch', () => {
  it('says which of its cases could not be evaluated, and why, and takes the first that holds', async () => {
    const { run } = await started({
      steps: [
        {
          id: 'which',
          type: 'branch',
          cases: [
            { when: 'trigger.value > 1', steps: [] },
            { when: 'false', steps: [] },
            { when: 'contact.attributes.plan == "gold"', steps: [] },
            { when: 'true', steps: [pause] },
          ],
        },
      ],
    })
    expect((await pathOf(run))[0]).toEqual([
      'which',
      'case',
      'case 1: "value" (at character 9) is missing; case 3: "plan" (at character 20) is missing',
    ])
    expect(await next(run)).toMatchObject({ what: 'pause' })
  })

  it('treats a condition over its budget as one that cannot be evaluated; the run continues', async () => {
    const when = 'trigger.items.all(x, x in trigger.items)'
    const { run } = await started(
      { steps: [{ id: 'which', type: 'branch', cases: [{ when, steps: [] }], otherwise: [pause] }] },
      { items: Array.from({ length: 2_000 }, (_, i) => i) },
    )
    const [[step, outcome, reason] = []] = await pathOf(run)
    expect([step, outcome]).toEqual(['which', 'otherwise'])
    expect(reason).toMatch(/^case 1: .*takes too much work/)
    expect(await next(run)).toMatchObject({ what: 'pause' })
  })

  it('keeps its reason short, however many cases fail', async () => {
    const cases = Array.from({ length: 50 }, (_, i) => ({ when: `trigger.field${i} > 1`, steps: [] }))
    const { run } = await started({ steps: [{ id: 'which', type: 'branch', cases }, pause] })
    expect((await pathOf(run))[0]?.[2]).toHaveLength(500)
  })
})

describe('an event whose condition cannot be evaluated', () => {
  const wait = {
    id: 'ordered',
    type: 'waitFor',
    timeout: '1 day',
    events: [{ trigger: 'order.placed', where: 'event.value >= 20.0', steps: [] }],
  }
  const reason = 'event 1: "value" (at character 7) is missing'

  it('does not settle a wait, and the path says why until the wait is matched', async () => {
    const { person, run } = await started({ steps: [wait] })
    expect((await order(person)).signalled).toEqual([])
    expect(await pathOf(run)).toEqual([['ordered', 'waiting', reason]])
    expect((await order(person, { value: 30 })).signalled).toEqual([run])
    expect(await pathOf(run)).toEqual([['ordered', 'matched', 'order.placed']])
  })

  it('stays in the path of a wait that times out', async () => {
    const { person, run } = await started({ steps: [wait] })
    await order(person)
    await next(run, new Date(Date.now() + 2 * 86_400_000))
    expect(await pathOf(run)).toEqual([['ordered', 'timed-out', reason]])
  })

  it('is in the path of a wait that looks back at it', async () => {
    const since = { ...wait, events: [{ ...wait.events[0], since: 'entry' }] }
    const { person, run } = await started({ steps: [pause, since] })
    await order(person)
    await next(run, new Date(Date.now() + 2 * 86_400_000))
    expect((await pathOf(run))[1]).toEqual(['ordered', 'waiting', reason])
  })

  it('does not end a run whose exit it might be, and the path says why', async () => {
    const exit = [{ trigger: 'order.placed', where: 'event.cart == trigger.cart' }]
    const { person, run } = await started({ exit, steps: [pause] })
    expect((await order(person)).signalled).toEqual([])
    expect(await pathOf(run)).toEqual([['pause', 'waiting', 'exit 1: "cart" (at character 7) is missing']])
    expect((await assent.run(run)).state).toBe('waiting')
  })

  it('starts nothing as an entry: there is no run, and so no path', async () => {
    const journey = await publish(assent.api, {
      entry: { trigger: 'cart.abandoned', where: 'trigger.value > 1' },
      steps: [pause],
    })
    const person = await putPerson(assent.api)
    const body = { contact: { externalId: person.externalId } }
    const { started, skipped } = await assent.api.ok('POST', '/v1/triggers/cart.abandoned', body, takenShape)
    expect([started, skipped]).toEqual([[], []])
    expect(journey).toBeDefined()
  })
})
