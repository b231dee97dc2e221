/**
 * Round trips of the hot path while its locks are held, BEGIN and COMMIT left out. A step that takes one more is felt by everything that
 * waits for the same contact.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareDelivery } from '../../activities/prepare.ts'
import { claimDelivery } from '../../transactions/deliveries/claimDelivery.ts'
import { decideDelivery } from '../../transactions/deliveries/decideDelivery.ts'
import { readDraft } from '../../transactions/deliveries/origin.ts'
import { takeTrigger } from '../../transactions/intake/takeTrigger.ts'
import { advance } from '../../transactions/runs/advance.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { countStatements } from '../harness/countStatements.ts'
import { optIn, type Person, publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { refOfRun } from '../harness/refs.ts'

let assent: Assent
let sending: string
let waiting: string
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
  sending = await publish(assent.api, { steps: [{ id: 'one', type: 'send', message: 'first' }] })
  waiting = await publish(assent.api, {
    steps: [
      { id: 'ordered', type: 'waitFor', timeout: '1 day', events: [{ trigger: 'order.placed', steps: [] }] },
      { id: 'one', type: 'send', message: 'first' },
    ],
  })
})
afterAll(() => assent.stop())

const now = () => new Date().toISOString()
const orderOf = (person: Person) =>
  ({ name: 'order.placed', sender: 'test', senderEvent: null, contactId: person.id, payload: {} }) as const

describe('the round trips of', () => {
  it('a claim: its locks with all that is decided on, then all that it writes', async () => {
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    const ref = await refOfRun(assent.deps, await startRunOf(assent.api, sending, person))
    const { assessment, content } = await readDraft(assent.deps, assent.deps.db, ref)
    const { rendering } = await prepareDelivery(assent.means, assessment, content)
    const { deps, roundTrips } = countStatements(assent.deps)
    expect(await claimDelivery(deps, rendering, now())).toMatchObject({ kind: 'claimed' })
    expect(roundTrips()).toBe(2)
  })

  it('a decision: none under a lock for an allow, two for a block', async () => {
    const [allowed, blocked] = [await putPerson(assent.api), await putPerson(assent.api)]
    await optIn(assent.api, allowed.email, 'marketing', 'newsletter')
    const counts = []
    for (const person of [allowed, blocked]) {
      const ref = await refOfRun(assent.deps, await startRunOf(assent.api, sending, person))
      const { deps, roundTrips } = countStatements(assent.deps)
      const { decision } = await decideDelivery(deps, ref)
      counts.push([decision.verdict, roundTrips()])
    }
    expect(counts).toEqual([
      ['allow', 0],
      ['block', 2],
    ])
  })

  it('a trigger: lock and clock, then the event with all that it may concern, then what it settles and tells', async () => {
    const person = await putPerson(assent.api)
    const counts = []
    for (const runs of [0, 1, 2]) {
      for (let run = 0; run < runs; run++) {
        const journey = await publish(assent.api, {
          steps: [
            {
              id: 'ordered',
              type: 'waitFor',
              timeout: '1 day',
              events: [{ trigger: 'order.placed', steps: [] }],
            },
          ],
        })
        await startRunOf(assent.api, journey, person)
      }
      const { deps, roundTrips } = countStatements(assent.deps)
      const { signalled } = await takeTrigger(deps, orderOf(person))
      counts.push([signalled.length, roundTrips()])
    }
    expect(counts).toEqual([
      [0, 2],
      [1, 4],
      [2, 4],
    ])
  })

  it('advancing a run past a wait: none for the question alone, four where it goes on to a send', async () => {
    const person = await putPerson(assent.api)
    const run = await startRunOf(assent.api, waiting, person)
    const resting = countStatements(assent.deps)
    expect(await advance(resting.deps, { run, now: now() })).toMatchObject({ do: 'wait' })
    expect(resting.roundTrips()).toBe(0)
    await takeTrigger(assent.deps, orderOf(person))
    const { deps, roundTrips } = countStatements(assent.deps)
    expect(await advance(deps, { run, now: now() })).toMatchObject({ do: 'send' })
    expect(roundTrips()).toBe(4)
  })
})
