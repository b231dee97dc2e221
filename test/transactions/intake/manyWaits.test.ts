/** What a trigger costs does not grow with the runs, waits and events that its contact has. */
import { randomUUID } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pipelined } from '../../../db/pipelined.ts'
import { runPath, runs, waits } from '../../../db/schema/journeys.ts'
import { outbox } from '../../../db/schema/triggers.ts'
import { awaitsOf } from '../../../domain/journey/awaits.ts'
import { concernedWaits } from '../../../transactions/intake/matchWaits.ts'
import { takeTrigger } from '../../../transactions/intake/takeTrigger.ts'
import { lockRunWithContact } from '../../../transactions/locks.ts'
import { advance } from '../../../transactions/runs/advance.ts'
import { Past } from '../../../transactions/runs/pastMatch.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { takenShape } from '../../harness/client.ts'
import { countStatements } from '../../harness/countStatements.ts'
import { type Person, publish, putBrand, putPerson, startRunOf } from '../../harness/fixtures.ts'
import { refOfRun } from '../../harness/refs.ts'

// Neither a worker nor a dispatcher: rows are made and looked at here.
let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  await putBrand(assent.api)
  await assent.dispatcher.stop()
})
afterAll(() => assent.stop())

const ordered = {
  id: 'ordered',
  type: 'waitFor',
  timeout: '3 days',
  events: [{ trigger: 'order.placed', where: 'event.group == trigger.group', steps: [] }],
}

/** As many runs as wanted, made as rows: over the API there may be fifty. */
async function waiting(journey: string, person: Person, groups: Record<string, number>): Promise<void> {
  const { db } = assent.deps
  for (const [group, count] of Object.entries(groups)) {
    await db.transaction((tx) =>
      tx.execute(sql`with run as (
        insert into runs (id, journey, version, contact_id, state, payload, entry_seq, mark_seq, started_at)
        select gen_random_uuid(), ${journey}, 1, ${person.id}, 'waiting', jsonb_build_object('group', ${group}::text), 0, 0, now()
        from generate_series(1, ${count}::int) returning id, contact_id, journey
      ), opened as (
        insert into open_runs (run_id, contact_id, journey) select id, contact_id, journey from run
      )
      insert into waits (id, run_id, contact_id, step, visit, kind, state, since_seq, deadline, opened_at, awaited)
      select gen_random_uuid(), id, contact_id, 'ordered', 1, 'events', 'open', 0, now() + interval '3 days', now(), '{order.placed}'
      from run`),
    )
  }
}

async function take(person: Person, name: string, payload: Record<string, unknown>) {
  const { deps, sent } = countStatements(assent.deps)
  const taken = await takeTrigger(deps, {
    name,
    sender: 'test',
    senderEvent: randomUUID(),
    contactId: person.id,
    payload,
  })
  return { taken, statements: sent() }
}

describe('a contact with a thousand open waits', () => {
  it('one event settles all that it matches in as many statements as one wait takes', async () => {
    const journey = await publish(assent.api, { reentry: 'always', steps: [ordered] })
    const person = await putPerson(assent.api)
    await waiting(journey, person, { one: 1, many: 600, other: 399 })
    // The first to come reads the journey's version, which is kept at hand from then on.
    const none = await take(person, 'order.placed', { group: 'none' })
    const one = await take(person, 'order.placed', { group: 'one' })
    const many = await take(person, 'order.placed', { group: 'many' })
    expect([one.taken.signalled.length, many.taken.signalled.length]).toEqual([1, 600])
    expect(many.statements).toBe(one.statements)
    expect(none.taken.signalled).toEqual([])

    const { db } = assent.deps
    const settled = await db.select().from(waits).where(eq(waits.eventId, many.taken.event))
    expect(settled).toHaveLength(600)
    expect(settled.every(({ state, branch }) => state === 'matched' && branch === 0)).toBe(true)
    const told = await db.select().from(runPath).where(eq(runPath.event, many.taken.event))
    expect(told.map((row) => row.runId).sort()).toEqual([...many.taken.signalled].sort())
    const states = await db.select({ state: runs.state }).from(runs).where(eq(runs.journey, journey))
    expect(states.filter(({ state }) => state === 'running')).toHaveLength(601)
    const nudges = await db.select().from(outbox)
    for (const run of many.taken.signalled) {
      const nudge = { why: 'trigger', trigger: 'order.placed', event: many.taken.event }
      expect(nudges.filter((row) => row.stream === run)).toMatchObject([
        { kind: 'signal', body: { workflow: `${journey}:${run}`, nudge } },
      ])
    }
  })

  it('an event that none of them awaits reads none of them', async () => {
    const journey = await publish(assent.api, { reentry: 'always', steps: [ordered] })
    const person = await putPerson(assent.api)
    await waiting(journey, person, { all: 1_000 })
    const { db } = assent.deps
    const asked = { contact: person.id, delivery: null }
    expect(await concernedWaits.all(db, { ...asked, name: 'cart.abandoned' })).toEqual([])
    expect(await concernedWaits.all(db, { ...asked, name: 'order.placed' })).toHaveLength(1_000)
    // Entered by a version that did not keep the names: the wait's step says what it awaits.
    await db.transaction((tx) =>
      tx.execute(sql`update waits set awaited = null where id in
      (select id from waits where contact_id = ${person.id} limit 1)`),
    )
    expect((await take(person, 'order.placed', { group: 'all' })).taken.signalled).toHaveLength(1_000)
  })

  it('an exit ends all its runs in as many statements as one', async () => {
    const exit = [{ trigger: 'order.placed', where: 'event.group == trigger.group' }]
    const pause = { ...ordered, events: [{ trigger: 'cart.abandoned', steps: [] }] }
    const journey = await publish(assent.api, { reentry: 'always', exit, steps: [pause] })
    const person = await putPerson(assent.api)
    await waiting(journey, person, { one: 1, many: 300 })
    await take(person, 'order.placed', { group: 'none' })
    const one = await take(person, 'order.placed', { group: 'one' })
    const many = await take(person, 'order.placed', { group: 'many' })
    expect([one.taken.signalled.length, many.taken.signalled.length]).toEqual([1, 300])
    expect(many.statements).toBe(one.statements)
    const ended = await assent.deps.db.select().from(runs).where(eq(runs.journey, journey))
    expect(
      ended.filter((run) => run.state === 'exited' && run.endReason === 'trigger:order.placed'),
    ).toHaveLength(301)
  })
})

describe('a contact may have fifty open runs of one journey', () => {
  it('over REST the next one is refused, until one has ended', async () => {
    const journey = await publish(assent.api, { reentry: 'always', steps: [ordered] })
    const other = await publish(assent.api, { reentry: 'always', steps: [ordered] })
    const person = await putPerson(assent.api)
    await waiting(journey, person, { all: 49 })
    const last = await startRunOf(assent.api, journey, person)
    const body = { contact: { externalId: person.externalId } }
    const refused = await assent.api.call('POST', `/v1/journeys/${journey}/runs`, body)
    expect(refused.status).toBe(409)
    expect(refused.body).toMatchObject({ code: 'too-many-runs' })
    await startRunOf(assent.api, other, person)
    await startRunOf(assent.api, journey, await putPerson(assent.api))
    await assent.api.call('POST', `/v1/runs/${last}/cancel`)
    await startRunOf(assent.api, journey, person)
  })

  it('a trigger is taken all the same, and its answer names the journey that was not entered', async () => {
    const journey = await publish(assent.api, {
      entry: { trigger: 'cart.abandoned' },
      reentry: 'always',
      steps: [ordered],
    })
    const person = await putPerson(assent.api)
    await waiting(journey, person, { all: 49 })
    const post = (id: string) =>
      assent.api.ok(
        'POST',
        '/v1/triggers/cart.abandoned',
        { id, contact: { externalId: person.externalId } },
        takenShape,
      )
    expect(await post('cart-1')).toMatchObject({ started: [expect.any(String)], skipped: [] })
    const skipped = [{ journey, code: 'too-many-runs' }]
    const taken = await post('cart-2')
    expect(taken).toMatchObject({ started: [], skipped, duplicate: false })
    expect(await post('cart-2')).toMatchObject({ event: taken.event, started: [], skipped, duplicate: true })
  })
})

describe('entering a wait reads what the wait awaits, and nothing else', () => {
  const steps = [
    { id: 'one', type: 'send', message: 'first' },
    {
      id: 'reacted',
      type: 'waitFor',
      timeout: '3 days',
      events: [
        { clicked: 'one', link: 'checkout', steps: [] },
        { trigger: 'order.placed', where: 'event.group == trigger.group', steps: [] },
      ],
    },
  ]

  /** A run at the wait's door, with one message and many events behind it. */
  async function behind(events: { name: string; count: number; class?: string; more?: object }[]) {
    const journey = await publish(assent.api, { steps })
    const person = await putPerson(assent.api)
    const run = await startRunOf(assent.api, journey, person, { group: 'mine' })
    const { db } = assent.deps
    const { delivery } = await refOfRun(assent.deps, run)
    await db.transaction((tx) =>
      tx.execute(sql`insert into deliveries (id, run_id, step, visit, contact_id, channel, message, purpose, state)
      values (${delivery}, ${run}, 'one', 1, ${person.id}, 'email', 'first', 'marketing', 'sent')`),
    )
    // The contact's put had events of its own.
    const [before] = await db.execute<{ seq: string }>(
      sql`select event_seq as seq from contacts where id = ${person.id}`,
    )
    let seq = Number(before?.seq)
    for (const { name, count, class: kind = null, more = {} } of events) {
      const about = kind === null ? null : delivery
      await db.transaction((tx) =>
        tx.execute(sql`insert into trigger_events
          (id, name, sender, sender_event, contact_id, seq, delivery_id, class, payload, occurred_at, recorded_at)
        select gen_random_uuid(), ${name}, 'test', gen_random_uuid(), ${person.id}, ${seq}::bigint + n, ${about}::uuid, ${kind},
          ${JSON.stringify(more)}::jsonb, now(), now() from generate_series(1, ${count}::int) n`),
      )
      seq += count
    }
    await db.transaction((tx) =>
      tx.execute(sql`update contacts set event_seq = ${seq} where id = ${person.id}`),
    )
    await db.execute(sql`analyze trigger_events`)
    return { run, person, journey }
  }

  /** Lets the run go on to its wait. @returns which of the awaited things had already happened; null for none */
  async function enter(run: string, deps = assent.deps): Promise<number | null> {
    await advance(deps, { run, now: new Date().toISOString() })
    const [wait] = await assent.deps.db.select().from(waits).where(eq(waits.runId, run))
    if (wait === undefined) throw new Error('the run has not come to its wait')
    return wait.state === 'matched' ? wait.branch : null
  }

  /** Rows of `trigger_events` that reading the past of the wait touches. */
  async function rowsRead(run: string, journey: string): Promise<number> {
    const { db, versions } = assent.deps
    return db.transaction(async (tx) => {
      const locked = await lockRunWithContact(tx, run)
      const { definition } = await versions.journey(tx, journey, 1)
      const past = new Past(locked.run, awaitsOf(definition, 'reacted'))
      const touched = async () => {
        const [row] = await tx.execute<{ rows: string }>(sql`select seq_tup_read + idx_tup_fetch as rows
          from pg_stat_xact_user_tables where relname = 'trigger_events'`)
        return Number(row?.rows)
      }
      const before = await touched()
      await pipelined(tx, [past.triggers(0), past.interactions()])
      return (await touched()) - before
    })
  }

  it('however many other events the contact and its message have', async () => {
    const { run, journey } = await behind([
      { name: 'page.viewed', count: 4_000 },
      { name: 'message.opened', count: 2_000, class: 'human' },
      { name: 'order.placed', count: 1, more: { group: 'mine' } },
      { name: 'page.viewed', count: 1_000 },
    ])
    expect(await rowsRead(run, journey)).toBeLessThan(50)
    const { deps, sent } = countStatements(assent.deps)
    expect(await enter(run, deps)).toBe(1)
    expect(sent()).toBeLessThan(12)
  })

  it('the first event in order wins, whatever kind it is', async () => {
    const click = { name: 'message.clicked', count: 3, class: 'human', more: { link: 'checkout' } }
    const order = { name: 'order.placed', count: 1, more: { group: 'mine' } }
    expect(await enter((await behind([click, order])).run)).toBe(0)
    expect(await enter((await behind([order, click])).run)).toBe(1)
  })

  it('clicks of machines, other links and other groups do not count, however many come first', async () => {
    const { run } = await behind([
      { name: 'message.clicked', count: 300, class: 'bot', more: { link: 'checkout' } },
      { name: 'message.clicked', count: 300, class: 'human', more: { link: 'imprint' } },
      { name: 'order.placed', count: 300, more: { group: 'other' } },
      { name: 'order.placed', count: 1, more: { group: 'mine' } },
    ])
    expect(await enter(run)).toBe(1)
    const nothing = await behind([{ name: 'order.placed', count: 120, more: { group: 'other' } }])
    expect(await enter(nothing.run)).toBeNull()
  })
})
