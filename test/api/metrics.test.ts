/** `/metrics`: who may read it, what it counts, and that it says nothing about persons. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { outbox } from '../../db/schema/triggers.ts'
import { bounded, countsSql, lanesSql } from '../../views/gauges.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { anything, takenShape } from '../harness/client.ts'
import { optIn, optOut, publish, putBrand, putPerson } from '../harness/fixtures.ts'
import { mailsArrived } from '../harness/mailbox.ts'
import { readSamples, type Samples } from '../harness/metrics.ts'
import { Wire } from '../harness/proxy.ts'
import { until } from '../harness/until.ts'

let assent: Assent
let wire: Wire
beforeAll(async () => {
  assent = await startAssent({
    databaseBy: async (address) => {
      wire = await Wire.to(address)
      return wire.address
    },
  })
  await putBrand(assent.api)
})
afterAll(async () => {
  await assent.stop()
  await wire.cut()
})

async function scrape(): Promise<Samples> {
  const { status, text } = await assent.api.call('GET', '/metrics')
  expect(status).toBe(200)
  return readSamples(text)
}

/** What each of these metrics grew by meanwhile. */
async function growth(
  watched: Record<string, [name: string, labels?: Record<string, string>]>,
  work: () => Promise<unknown>,
): Promise<Record<string, number>> {
  const read = async () => {
    const samples = await scrape()
    return new Map(
      Object.entries<[string, Record<string, string>?]>(watched).map(([key, [name, labels]]) => [
        key,
        samples.value(name, labels) ?? 0,
      ]),
    )
  }
  const before = await read()
  await work()
  const after = await read()
  const grown = Object.keys(watched).map((key) => [key, (after.get(key) ?? 0) - (before.get(key) ?? 0)])
  return Object.fromEntries(grown)
}

const triggerCart = (contact: { externalId: string }, more: Record<string, unknown> = {}) =>
  assent.api.ok('POST', '/v1/triggers/cart.abandoned', { contact, ...more }, takenShape)

describe('who may read /metrics', () => {
  const keyOf = async (scope: string) =>
    (
      await assent.api.ok(
        'POST',
        '/v1/keys',
        { name: scope, scopes: [scope] },
        z.looseObject({ key: z.string() }),
      )
    ).key
  const asked = (key: string | null) =>
    fetch(`${assent.url}/metrics`, { headers: key === null ? {} : { Authorization: `Bearer ${key}` } })

  it('a key with the scope read, as Prometheus text', async () => {
    const answer = await asked(await keyOf('read'))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('Content-Type')).toMatch(/^text\/plain; version=0\.0\.4/)
    expect(await answer.text()).toContain('# TYPE assent_http_requests_total counter')
  })

  it('no caller without a key, and no key with other scopes only', async () => {
    expect((await asked(null)).status).toBe(401)
    expect((await asked(await keyOf('triggers'))).status).toBe(403)
  })
})

describe('what a journey counts', () => {
  it('a message that is sent: trigger, run, decisions, claim, hand-over, outcome, what was dispatched', async () => {
    const journey = await publish(assent.api, {
      entry: { trigger: 'cart.abandoned' },
      steps: [{ id: 'one', type: 'send', message: 'first' }],
    })
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing', 'newsletter')
    const grown = await growth(
      {
        triggers: ['assent_triggers_total', { trigger: 'custom', outcome: 'taken' }],
        duplicates: ['assent_triggers_total', { trigger: 'custom', outcome: 'duplicate' }],
        started: ['assent_runs_started_total'],
        ended: ['assent_runs_ended_total', { state: 'completed' }],
        forecasts: ['assent_decisions_total', { made_by: 'forecast', verdict: 'allow', reason: 'opted-in' }],
        decisions: ['assent_decisions_total', { made_by: 'claim', verdict: 'allow', reason: 'opted-in' }],
        claims: ['assent_claims_total', { channel: 'email', outcome: 'claimed' }],
        handOvers: ['assent_hand_over_seconds_count', { channel: 'email', outcome: 'accepted' }],
        sent: ['assent_deliveries_total', { channel: 'email', state: 'sent', reason: 'none' }],
        told: ['assent_outbox_told_seconds_count', { lane: 'starts' }],
        rendered: ['assent_thread_job_seconds_count', { job: 'renderMail' }],
      },
      async () => {
        const id = `cart-${person.externalId}`
        const { started } = await triggerCart({ externalId: person.externalId }, { id })
        const [run = ''] = started
        expect((await triggerCart({ externalId: person.externalId }, { id })).duplicate).toBe(true)
        await mailsArrived(person.email, 1)
        await assent.runEnded(run)
        await until('the start to be told', async () => {
          return (await scrape()).value('assent_outbox_rows', { lane: 'starts' }) === 0
        })
      },
    )
    expect(grown).toEqual({
      triggers: 1,
      duplicates: 1,
      started: 1,
      ended: 1,
      forecasts: 1,
      decisions: 1,
      claims: 1,
      handOvers: 1,
      sent: 1,
      told: 1,
      rendered: 1,
    })
    const { text } = await scrape()
    for (const secret of [person.email, person.externalId, person.id, journey])
      expect(text).not.toContain(secret)
  })

  it('a message that is blocked, by its reason, and no claim', async () => {
    await publish(assent.api, {
      entry: { trigger: 'order.placed' },
      steps: [{ id: 'one', type: 'send', message: 'first' }],
    })
    const person = await putPerson(assent.api)
    await optOut(assent.api, person.email, 'marketing')
    const grown = await growth(
      {
        forecasts: ['assent_decisions_total', { made_by: 'forecast', verdict: 'block', reason: 'opted-out' }],
        blocked: ['assent_deliveries_total', { channel: 'email', state: 'blocked', reason: 'opted-out' }],
        claims: ['assent_claims_total'],
      },
      async () => {
        const contact = { externalId: person.externalId }
        const { started } = await assent.api.ok('POST', '/v1/triggers/order.placed', { contact }, takenShape)
        await assent.runEnded(started[0] ?? '')
      },
    )
    expect(grown).toEqual({ forecasts: 1, blocked: 1, claims: 0 })
  })

  it('an own event, when the intake has taken it', async () => {
    const person = await putPerson(assent.api)
    await optIn(assent.api, person.email, 'marketing')
    const event = ['assent_triggers_total', { trigger: 'consent.withdrawn', outcome: 'taken' }] as const
    const before = (await scrape()).value(...event) ?? 0
    await optOut(assent.api, person.email, 'marketing')
    await until('the event', async () => ((await scrape()).value(...event) ?? 0) > before)
  })
})

describe('what requests count', () => {
  it('route patterns, statuses and problem codes, never the values in a URL', async () => {
    const grown = await growth(
      {
        requests: ['assent_http_requests_total', { route: '/v1/contacts/{externalId}', status: '404' }],
        durations: ['assent_http_request_duration_seconds_count', { route: '/v1/contacts/{externalId}' }],
        refused: ['assent_http_refusals_total', { code: 'contact-not-found' }],
        nowhere: ['assent_http_requests_total', { route: 'none' }],
      },
      async () => {
        await assent.api.call('GET', '/v1/contacts/somebody-secret')
        await assent.api.call('GET', '/nothing/at/somebody-secret')
      },
    )
    expect(grown).toEqual({ requests: 1, durations: 1, refused: 1, nowhere: 1 })
    expect((await scrape()).text).not.toContain('somebody-secret')
  })
})

describe('the gauges of the whole installation', () => {
  it('show what waits in each lane and for how long, what is parked, and the workers', async () => {
    const { db } = assent.deps
    const ids = await db.transaction(async (tx) => {
      const rows = await tx
        .insert(outbox)
        .values([
          // Not due: nobody tells these meanwhile.
          { stream: 'g1', kind: 'start', body: {}, lane: 4, nextAttemptAt: '2099-01-01T00:00:00Z' },
          { stream: 'g2', kind: 'start', body: {}, lane: 4, nextAttemptAt: '2099-01-01T00:00:00Z' },
          { stream: 'g3', kind: 'signal', body: {}, lane: 1, nextAttemptAt: '2099-01-01T00:00:00Z' },
          { stream: 'g4', kind: 'start', body: {}, lane: 4, state: 'parked' },
        ])
        .returning({ id: outbox.id })
      await tx.execute(
        sql`update outbox set created_at = clock_timestamp() - interval '90 seconds' where stream = 'g3'`,
      )
      return rows
    })
    expect(ids).toHaveLength(4)
    await until('the worker', async () => (await scrape()).value('assent_workers') === 1)
    const samples = await scrape()
    expect(samples.value('assent_gauges_read')).toBe(1)
    expect(samples.value('assent_outbox_rows', { lane: 'starts' })).toBe(2)
    expect(samples.value('assent_outbox_rows', { lane: 'stops' })).toBe(1)
    expect(samples.value('assent_outbox_rows', { lane: 'nudges' })).toBe(0)
    expect(samples.value('assent_outbox_age_seconds', { lane: 'stops' })).toBeGreaterThanOrEqual(90)
    expect(samples.value('assent_outbox_age_seconds', { lane: 'nudges' })).toBe(0)
    expect(samples.value('assent_outbox_parked_rows')).toBe(1)
    expect(samples.value('assent_runs_parked')).toBe(0)
    expect(samples.value('assent_deliveries_waiting', { state: 'held' })).toBe(0)
    expect(samples.value('assent_recovery_sweep_running')).toBe(0)
    await db.transaction((tx) => tx.execute(sql`delete from outbox where stream like 'g_'`))
    await until('the lanes to be empty', async () => (await scrape()).value('assent_outbox_rows') === 0)
  })

  it('read no whole table, whatever the planner thinks of its size', async () => {
    const plans = await assent.deps.db.transaction(async (tx) => {
      await bounded.all(tx, {})
      const explain = (statement: typeof countsSql) => tx.execute(sql`explain (format json) ${statement}`)
      return JSON.stringify([await explain(lanesSql), await explain(countsSql)])
    })
    const scans = [
      ...plans.matchAll(
        /"Node Type":"[^"]*Scan"[^{}]*?(?:"Index Name":"(\w+)"[^{}]*?)?"Relation Name":"(\w+)"/g,
      ),
    ].flatMap(([, index = 'none', table = '']) => (table === 'recovery' ? [] : [`${table}: ${index}`]))
    // Each index holds only what is counted, or begins with it. `recovery` has one row.
    expect([...new Set(scans)].sort()).toEqual([
      'deliveries: deliveries_by_course',
      expect.stringMatching(/^double_opt_ins: double_opt_ins_(?:pending|overdue|remind)$/),
      'outbox: outbox_parked',
      'outbox: outbox_waiting',
      'runs: runs_parked',
    ])
  })

  it('are left out while the database is away; what this process counts is shown all the same', async () => {
    await wire.cut()
    try {
      const samples = await scrape()
      expect(samples.value('assent_gauges_read')).toBe(0)
      expect(samples.value('assent_outbox_rows')).toBeNull()
      expect(samples.value('assent_workers')).toBeNull()
      expect(samples.value('assent_http_requests_total')).toBeGreaterThan(0)
    } finally {
      await wire.mend()
    }
    await until('the gauges', async () => (await scrape()).value('assent_gauges_read') === 1)
    await assent.api.ok('GET', '/v1/outbox', undefined, anything)
  })
})
