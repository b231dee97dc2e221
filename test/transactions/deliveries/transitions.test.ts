/** Every statement that changes a delivery's or a run's state takes only ways that the tables of `domain/` have. */
import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runs, waitStates } from '../../../db/schema/journeys.ts'
import type { HandOverOutcome } from '../../../domain/delivery/outcome.ts'
import { type DeliveryState, deliveryStates, transitions } from '../../../domain/delivery/states.ts'
import { movedRun, type RunState, runMoves, runStates } from '../../../domain/journey/runState.ts'
import { decideDelivery } from '../../../transactions/deliveries/decideDelivery.ts'
import { giveUpDelivery } from '../../../transactions/deliveries/giveUpDelivery.ts'
import { holdDelivery } from '../../../transactions/deliveries/holdDelivery.ts'
import { letGo, settleLeft } from '../../../transactions/deliveries/letGo.ts'
import type { DeliveryRef } from '../../../transactions/deliveries/origin.ts'
import { markHandedOver, settleDelivery } from '../../../transactions/deliveries/settleDelivery.ts'
import { stateAfter } from '../../../transactions/runs/runStates.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { optOut, putBrand } from '../../harness/fixtures.ts'
import { claimSend, deliveryOf, type Sending, sendingRun } from '../../harness/sends.ts'

let assent: Assent
let allowed: Sending
let blocked: Sending
let owner: postgres.Sql
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
  owner = postgres(assent.environment.MIGRATION_DATABASE_URL ?? '', { max: 1, onnotice: () => {} })
  allowed = await sendingRun(assent)
  blocked = await sendingRun(assent)
  for (const { ref } of [allowed, blocked]) await claimSend(assent, ref)
  await optOut(assent.api, blocked.person.email, 'marketing')
})
afterAll(async () => {
  await owner.end()
  await assent.stop()
})

const now = () => new Date().toISOString()
const answer = { code: 250, text: 'queued' }
const claim = ({ delivery }: DeliveryRef) => ({ delivery, attempt: 1, holds: 0 })
const settled = (outcome: HandOverOutcome) => (ref: DeliveryRef) =>
  settleDelivery(assent.deps, claim(ref), outcome, now())

/** What changes a delivery, each as if its row had been in any state. */
const changes: readonly (readonly [string, (ref: DeliveryRef) => Promise<unknown>])[] = [
  ['a claim', (ref) => claimSend(assent, ref)],
  ['the mark of a hand-over', ({ delivery }) => markHandedOver(assent.deps, delivery, 1)],
  ['a yes', settled({ kind: 'accepted', answer })],
  ['a no for good', settled({ kind: 'refused', permanent: true, answer })],
  ['a no for now', settled({ kind: 'refused', permanent: false, answer })],
  ['a lost connection', settled({ kind: 'not-handed-over', cause: 'lost' })],
  ['no answer', settled({ kind: 'unknown', cause: 'lost' })],
  ['a hold', (ref) => holdDelivery(assent.deps, ref, { reason: 'away', rendering: false }, now())],
  ['the end of the send', (ref) => giveUpDelivery(assent.deps, ref, 'expired')],
  ['the consent activity', (ref) => decideDelivery(assent.deps, ref)],
  [
    'the end of its run',
    ({ delivery }) => assent.deps.db.transaction((tx) => letGo(tx, [delivery], 'cancelled')),
  ],
  [
    'the last question of its run',
    ({ delivery }) => assent.deps.db.transaction((tx) => settleLeft(tx, delivery, 'cancelled')),
  ],
]

/** As the owner, and past the triggers: this itself is no way of the table. */
async function put({ delivery }: DeliveryRef, state: DeliveryState): Promise<void> {
  await owner.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    await tx`update deliveries set state = ${state}, attempt = 1, settled_at = null, held_until = null where id = ${delivery}`
  })
}

describe('a delivery', () => {
  it.each(changes)('takes only ways of the table by %s', async (_, change) => {
    for (const { ref } of [allowed, blocked]) {
      for (const from of deliveryStates) {
        await put(ref, from)
        await change(ref)
        const to = (await deliveryOf(assent, ref))?.state
        if (to !== from) expect([from, transitions[from]]).toEqual([from, expect.arrayContaining([to])])
      }
    }
  })

  it('takes every way that leads out of an open state, by one of them', async () => {
    const taken = new Set<string>()
    for (const [, change] of changes) {
      for (const { ref } of [allowed, blocked]) {
        for (const from of ['claimed', 'held', 'handed-over'] as const) {
          await put(ref, from)
          await change(ref)
          taken.add(`${from} ${(await deliveryOf(assent, ref))?.state}`)
        }
      }
    }
    for (const way of ['claimed handed-over', 'claimed held', 'held claimed', 'held blocked', 'held expired'])
      expect(taken).toContain(way)
    for (const to of transitions['handed-over']) expect(taken).toContain(`handed-over ${to}`)
  })
})

describe('a run', () => {
  it.each(runMoves)('that %s comes in SQL into the state that the table says', async (move) => {
    for (const state of runStates) {
      const found = await assent.deps.db.execute<{ after: RunState }>(
        sql`select ${stateAfter(move)} as after from (select ${state}::text as state) as ${runs}`,
      )
      expect([state, found[0]?.after]).toEqual([state, movedRun(state, move)])
    }
  })
})

it.each([
  ['runs', runStates],
  ['deliveries', deliveryStates],
  ['waits', waitStates],
])('the states that Postgres accepts for %s are those that the code knows', async (table, states) => {
  const found = await assent.deps.db.execute<{ definition: string }>(sql`
    select pg_get_constraintdef(oid) as definition from pg_constraint
    where conrelid = ${table}::regclass and conname = ${`${table}_state_check`}`)
  const named = [...(found[0]?.definition ?? '').matchAll(/'([a-z-]+)'/g)].map(([, state]) => state)
  expect(named.toSorted()).toEqual([...states].toSorted())
})
