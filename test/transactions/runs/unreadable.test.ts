/** A run whose journey version or position this Assent cannot read waits for an operator, and stands in nobody's way. */
import { eq, sql } from 'drizzle-orm'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { journeys, journeyVersions, runs, waits } from '../../../db/schema/journeys.ts'
import { advance } from '../../../transactions/runs/advance.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { anything, takenShape } from '../../harness/client.ts'
import { type Person, publish, putBrand, putPerson, startRunOf } from '../../harness/fixtures.ts'
import { LogLines } from '../../harness/logLines.ts'
import { claimSend, sendingRun } from '../../harness/sends.ts'

const log = new LogLines()
let assent: Assent
beforeAll(async () => {
  assent = await startAssent({ worker: false, log: log.open('test') })
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const ordered = {
  id: 'ordered',
  type: 'waitFor',
  timeout: '1 day',
  events: [{ trigger: 'order.placed', steps: [] }],
}
const next = (run: string) => advance(assent.deps, { run, now: new Date().toISOString() })
const rowOf = async (run: string) => (await assent.deps.db.select().from(runs).where(eq(runs.id, run)))[0]
const retry = (run: string) => assent.api.ok('POST', `/v1/runs/${run}/retry`, undefined, anything)

const happens = (name: string, person: Person) =>
  assent.api.ok('POST', `/v1/triggers/${name}`, { contact: { externalId: person.externalId } }, takenShape)

async function started(person: Person, definition: Record<string, unknown> = { steps: [ordered] }) {
  const journey = await publish(assent.api, definition)
  return { journey, run: await startRunOf(assent.api, journey, person) }
}

/** Adds a version as a later Assent might publish it. @returns its number */
async function addLaterVersion(journey: string): Promise<number> {
  const [first] = await assent.deps.db.select().from(journeyVersions).where(eq(journeyVersions.key, journey))
  if (first === undefined) throw new Error('not published')
  const later = sql`jsonb_set(${JSON.stringify(first.definition)}::jsonb, '{steps,0,type}', '"ponder"')`
  await assent.deps.db.transaction((tx) =>
    tx.insert(journeyVersions).values({ ...first, version: 2, definition: later }),
  )
  return 2
}

async function moveTo(run: string, version: number): Promise<void> {
  await assent.deps.db.transaction((tx) => tx.update(runs).set({ version }).where(eq(runs.id, run)))
}

/** A run that waits on a version with a step type that is unknown here. */
async function unreadable(person: Person, definition?: Record<string, unknown>) {
  const { journey, run } = await started(person, definition)
  await moveTo(run, await addLaterVersion(journey))
  return { journey, run }
}

/** The run's wait is over, so `advance` has to read the version. */
async function endWait(run: string): Promise<void> {
  const deadline = sql`clock_timestamp() - interval '1 second'`
  await assent.deps.db.transaction((tx) => tx.update(waits).set({ deadline }).where(eq(waits.runId, run)))
}

describe('a run is parked, and not failed,', () => {
  it('where its version has a step type that is unknown here; the log says so once', async () => {
    const { run } = await unreadable(await putPerson(assent.api))
    await endWait(run)
    const parked = { do: 'wait', until: null, why: 'parked' }
    expect(await next(run)).toMatchObject({ ...parked, what: 'unreadable-journey-version' })
    expect(await next(run)).toMatchObject(parked)
    expect(await rowOf(run)).toMatchObject({
      parked: 'unreadable-journey-version',
      endedAt: null,
      state: 'waiting',
    })
    const lines = log.lines().filter((line) => line.run === run)
    expect(lines).toMatchObject([{ level: 50, code: 'unreadable-journey-version', version: 2 }])
  })

  it('where its version does not exist', async () => {
    const { run } = await started(await putPerson(assent.api))
    // As after a repair by hand: Postgres itself keeps a version that runs refer to.
    const owner = postgres(assent.environment.MIGRATION_DATABASE_URL ?? '', { max: 1, onnotice: () => {} })
    try {
      await owner`alter table runs drop constraint runs_journey_version_fkey`
    } finally {
      await owner.end()
    }
    await moveTo(run, 7)
    await endWait(run)
    expect(await next(run)).toMatchObject({ why: 'parked', what: 'missing-journey-version' })
    expect(await rowOf(run)).toMatchObject({ parked: 'missing-journey-version', endedAt: null })
  })

  it.each<[string, string, string]>([
    ['at a step that its version does not have', '{step}', '"gone"'],
    ['at a wait whose row is missing', '{wait}', '"01990000-0000-7000-8000-000000000001"'],
  ])('%s', async (_, path, value) => {
    const { run } = await started(await putPerson(assent.api))
    await endWait(run)
    const position = sql`jsonb_set(${runs.position}, ${path}::text[], ${value}::jsonb)`
    await assent.deps.db.transaction((tx) => tx.update(runs).set({ position }).where(eq(runs.id, run)))
    expect(await next(run)).toMatchObject({ why: 'parked' })
    expect(await rowOf(run)).toMatchObject({ parked: expect.any(String), endedAt: null })
  })

  it('where its position is of a later version, and its page can still be read', async () => {
    const { run } = await started(await putPerson(assent.api))
    await endWait(run)
    const position = sql`jsonb_set(${runs.position}, '{machineVersion}', '99')`
    await assent.deps.db.transaction((tx) => tx.update(runs).set({ position }).where(eq(runs.id, run)))
    expect(await next(run)).toMatchObject({ why: 'parked' })
    expect(await assent.run(run)).toMatchObject({
      parked: 'unknown-version',
      waitingFor: { step: 'ordered', why: 'parked' },
    })
  })
})

describe('a trigger', () => {
  it('moves, ends and starts the contact’s other runs, and parks the ones that cannot be read', async () => {
    const person = await putPerson(assent.api)
    const exit = [{ trigger: 'order.placed' }]
    const pause = { id: 'pause', type: 'wait', for: '1 day' }
    const waits = await unreadable(person)
    const exits = await unreadable(person, { exit, steps: [pause] })
    const moved = await started(person)
    const ended = await started(person, { exit, steps: [pause] })
    const entered = await publish(assent.api, { entry: { trigger: 'order.placed' }, steps: [pause] })
    const { signalled, started: begun } = await happens('order.placed', person)
    expect(signalled.toSorted()).toEqual([moved.run, ended.run].toSorted())
    expect(begun).toHaveLength(1)
    expect(await assent.run(begun[0] ?? '')).toMatchObject({ journey: entered })
    for (const { run } of [waits, exits])
      expect(await rowOf(run)).toMatchObject({ parked: 'unreadable-journey-version', endedAt: null })
  })

  it('is answered that a published journey cannot be read, and starts the others', async () => {
    const pause = { id: 'pause', type: 'wait', for: '1 day' }
    const entry = { trigger: 'cart.abandoned' }
    const readable = await publish(assent.api, { entry, steps: [pause] })
    const journey = await publish(assent.api, { entry, steps: [pause] })
    const publishedVersion = await addLaterVersion(journey)
    await assent.deps.db.transaction((tx) =>
      tx.update(journeys).set({ publishedVersion }).where(eq(journeys.key, journey)),
    )
    const person = await putPerson(assent.api)
    const taken = await happens('cart.abandoned', person)
    expect(taken.skipped).toEqual([{ journey, code: 'unreadable-journey-version' }])
    expect(taken.started).toHaveLength(1)
    expect(await assent.run(taken.started[0] ?? '')).toMatchObject({ journey: readable })
    const refused = await assent.api.call('POST', `/v1/journeys/${journey}/runs`, {
      contact: { externalId: person.externalId },
    })
    expect(refused).toMatchObject({ status: 409, body: { code: 'journey-unreadable' } })
  })
})

describe('a parked run that is retried once it can be read', () => {
  it('has missed nothing that its wait is for', async () => {
    const person = await putPerson(assent.api)
    const { run } = await unreadable(person)
    expect((await happens('order.placed', person)).signalled).toEqual([])
    await moveTo(run, 1)
    await retry(run)
    expect((await assent.run(run)).path).toMatchObject([{ step: 'ordered', outcome: 'matched' }])
    expect(await next(run)).toMatchObject({ do: 'end', state: 'completed' })
  })

  it('stays parked as long as it cannot be read, so that nothing is missed by a retry that comes too early', async () => {
    const person = await putPerson(assent.api)
    const { run } = await unreadable(person)
    await happens('order.placed', person)
    const early = await assent.api.call('POST', `/v1/runs/${run}/retry`)
    expect(early).toMatchObject({ status: 409, body: { code: 'run-unreadable' } })
    expect(await rowOf(run)).toMatchObject({ parked: 'unreadable-journey-version' })
  })

  it('ends by an exit that it missed', async () => {
    const person = await putPerson(assent.api)
    const { run } = await unreadable(person, {
      exit: [{ trigger: 'order.placed' }],
      steps: [{ id: 'pause', type: 'wait', for: '1 day' }],
    })
    expect((await happens('order.placed', person)).signalled).toEqual([])
    expect((await rowOf(run))?.parked).toBe('unreadable-journey-version')
    await moveTo(run, 1)
    await retry(run)
    expect(await assent.run(run)).toMatchObject({ state: 'exited', endReason: 'trigger:order.placed' })
  })

  it('ends by an exit that it missed, and until then its mail is not claimed', async () => {
    const { person, run, ref } = await sendingRun(assent, {}, { exit: [{ trigger: 'order.placed' }] })
    await moveTo(run, await addLaterVersion((await rowOf(run))?.journey ?? ''))
    await happens('order.placed', person)
    expect((await rowOf(run))?.parked).toBe('unreadable-journey-version')
    // As during an upgrade: the worker can read the version that the process which took the event could not.
    await moveTo(run, 1)
    await expect(claimSend(assent, ref)).rejects.toMatchObject({ name: 'MachineError', code: 'parked' })
    await retry(run)
    expect(await assent.run(run)).toMatchObject({ state: 'exited', endReason: 'trigger:order.placed' })
  })
})

it('a retry does not give a wait what came before the wait began', async () => {
  const person = await putPerson(assent.api)
  const { run } = await started(person, {
    steps: [{ id: 'sleep', type: 'wait', for: '1 hour' }, ordered],
  })
  await happens('order.placed', person)
  await endWait(run)
  expect(await next(run)).toMatchObject({ do: 'wait', what: 'ordered' })
  // As intake parks it, before an upgrade.
  const parked = 'unreadable-journey-version'
  await assent.deps.db.transaction((tx) => tx.update(runs).set({ parked }).where(eq(runs.id, run)))
  await retry(run)
  expect(await assent.run(run)).toMatchObject({ state: 'waiting', waitingFor: { step: 'ordered' } })
})
