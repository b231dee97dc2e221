/** What an operator sees of a run in the Temporal UI: search attributes, a summary, and where it is now. */
import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { eq, sql } from 'drizzle-orm'
import pino from 'pino'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { doubleOptIns } from '../../db/schema/doubleOptIns.ts'
import { waits } from '../../db/schema/journeys.ts'
import { expireOverdue } from '../../engine/recovery/expire.ts'
import { RecoveryWatch } from '../../engine/recovery/watch.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { idOf } from '../harness/client.ts'
import { publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { until } from '../harness/until.ts'
import { startWorkerProcess } from '../harness/workerProcess.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent()
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

it('finds the run by journey, version and state, and reads where it is', async () => {
  const journey = await publish(assent.api, { steps: [{ id: 'pause', type: 'wait', for: '1 hour' }] })
  const person = await putPerson(assent.api)
  const id = await startRunOf(assent.api, journey, person)
  await assent.runWaits(id, 'pause')
  const handle = await assent.workflow(id)

  // The run waits as soon as its row is written; the engine hears of it afterwards.
  const description = await until('the workflow', () => handle.describe())
  expect(await description.staticSummary()).toBe(`${journey} version 1`)
  const running = `AssentJourney = "${journey}" and AssentVersion = 1 and AssentState = "running"`
  await until('the run to be listed', async () => (await list(running)).includes(handle.workflowId))
  const metadata = await until('the current details', async () => {
    const answer = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata')
    return answer.currentDetails?.includes('waiting') ? answer.currentDetails : null
  })
  expect(metadata).toContain('waiting at step `pause` until')

  await assent.api.call('POST', `/v1/runs/${id}/cancel`)
  await assent.workflowResult(id)
  await until('the end to be listed', async () =>
    (await list(`AssentJourney = "${journey}" and AssentState = "cancelled"`)).includes(handle.workflowId),
  )
})

const taskCompleted = (event: { workflowTaskCompletedEventAttributes?: unknown }) =>
  event.workflowTaskCompletedEventAttributes != null

describe('a workflow that is ended by hand', () => {
  const waiting = async () => {
    const journey = await publish(assent.api, { steps: [{ id: 'pause', type: 'wait', for: '1 hour' }] })
    const person = await putPerson(assent.api)
    const id = await startRunOf(assent.api, journey, person)
    await assent.runWaits(id, 'pause')
    const handle = await assent.workflow(id)
    // The run waits as soon as its row is there; its workflow is started a moment later.
    await until(
      'its workflow',
      async () => (await handle.fetchHistory()).events?.some(taskCompleted) ?? false,
    )
    return { id, handle }
  }
  const watch = () =>
    new RecoveryWatch({
      deps: assent.deps,
      client: assent.client,
      taskQueue: assent.environment.TEMPORAL_TASK_QUEUE ?? '',
      log: pino({ level: 'silent' }),
      rate: 1_000,
    })
  const expire = () => expireOverdue(assent.deps, () => false)
  /** One look, as of a process of its own. */
  const look = async () => {
    const recovery = watch()
    await recovery.look()
    await recovery.stop()
    return recovery.counts
  }

  it.each([
    ['terminated', (handle: WorkflowHandle) => handle.terminate('an operator')],
    ['cancelled', (handle: WorkflowHandle) => handle.cancel()],
  ])('%s: its run is cancelled, and says so', async (_, act) => {
    const { id, handle } = await waiting()
    await act(handle)
    // The engine lists it a moment later.
    const ended = await until('the run to end', async () => {
      await look()
      const run = await assent.run(id)
      return run.state === 'cancelled' ? run : null
    })
    expect(ended).toMatchObject({
      endReason: 'cancelled-in-temporal',
      waitingFor: null,
      path: [{ step: 'pause', outcome: 'cancelled', reason: 'cancelled-in-temporal' }],
    })
    expect(await look()).toMatchObject({ ended: 0, started: 0 })
  })

  it('terminated, and then a trigger comes for it: the signal finds no workflow, and ends the run', async () => {
    const steps = [
      { id: 'pause', type: 'waitFor', timeout: '1 hour', events: [{ trigger: 'order.placed', steps: [] }] },
    ]
    const journey = await publish(assent.api, { steps })
    const person = await putPerson(assent.api)
    const id = await startRunOf(assent.api, journey, person)
    await assent.runWaits(id, 'pause')
    const handle = await assent.workflow(id)
    await until('its workflow', () => handle.describe())
    await handle.terminate('an operator')
    const bought = { contact: { externalId: person.externalId }, payload: {} }
    await assent.api.call('POST', '/v1/triggers/order.placed', bought)
    expect(await assent.runEnded(id)).toMatchObject({
      state: 'cancelled',
      endReason: 'cancelled-in-temporal',
    })
  })

  it('terminated by the server, as for a history that is too long: it is started again, and continues', async () => {
    const { id, handle } = await waiting()
    await assent.client.workflowService.terminateWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: handle.workflowId },
      reason: 'a limit',
      identity: 'history-service',
    })
    await until('another workflow', async () => {
      await look()
      return (await handle.describe()).status.name === 'RUNNING'
    })
    expect((await assent.run(id)).state).toBe('waiting')
    await assent.api.call('POST', `/v1/runs/${id}/cancel`)
    expect(await assent.workflowResult(id)).toEqual({ state: 'cancelled', reason: 'cancelled' })
  })

  it('deleted: past due, its run is started again, and continues', async () => {
    const { id, handle } = await waiting()
    await look()
    await assent.client.workflowService.deleteWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: handle.workflowId },
    })
    await until('the workflow to be gone', async () =>
      handle.describe().then(
        () => false,
        () => true,
      ),
    )
    await assent.deps.db.transaction((tx) =>
      tx
        .update(waits)
        .set({ deadline: sql`clock_timestamp() - interval '119 seconds'` })
        .where(eq(waits.runId, id)),
    )
    await look()
    expect((await assent.run(id)).state).toBe('waiting')
    await assent.deps.db.transaction((tx) =>
      tx
        .update(waits)
        .set({ deadline: sql`clock_timestamp() - interval '121 seconds'` })
        .where(eq(waits.runId, id)),
    )
    await look()
    expect(await assent.runEnded(id)).toMatchObject({ state: 'completed' })
  })

  it('reset: it goes on under its id, and its run with it', async () => {
    const { id, handle } = await waiting()
    const { events } = await handle.fetchHistory()
    const first = events?.find(taskCompleted)
    await assent.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: handle.workflowId, runId: (await handle.describe()).runId },
      workflowTaskFinishEventId: first?.eventId ?? null,
      requestId: randomUUID(),
    })
    await until('the end of the old one to be listed', async () =>
      (await list(`WorkflowId = "${handle.workflowId}" and ExecutionStatus = "Terminated"`)).includes(
        handle.workflowId,
      ),
    )
    expect(await look()).toMatchObject({ ended: 0, started: 0 })
    expect((await assent.run(id)).state).toBe('waiting')
    await assent.api.call('POST', `/v1/runs/${id}/cancel`)
    expect(await assent.workflowResult(id)).toEqual({ state: 'cancelled', reason: 'cancelled' })
  })

  it('a double opt-in: it expires when its time is over, even without its workflow', async () => {
    const person = await putPerson(assent.api)
    const asked = {
      contactPoint: { channel: 'email', address: person.email },
      grants: [{ purpose: 'marketing', topic: 'newsletter' }],
      circumstances: 'footer form',
    }
    const { id } = await assent.api.ok('POST', '/v1/double-opt-ins', asked, idOf)
    const handle = await assent.workflow(id)
    await until('its workflow', async () => handle.describe())
    await handle.terminate('an operator')
    const { db } = assent.deps
    const endIt = (ago: string) =>
      db.transaction((tx) =>
        tx
          .update(doubleOptIns)
          .set({ expiresAt: sql`clock_timestamp() - ${ago}::interval` })
          .where(eq(doubleOptIns.id, id)),
      )
    await endIt('50 minutes')
    expect(await expire()).toEqual([])
    await endIt('70 minutes')
    expect(await expire()).toEqual([id])
    expect(await expire()).toEqual([])
    const { body } = await assent.api.call('GET', `/v1/double-opt-ins/${id}`)
    expect(body).toMatchObject({ state: 'expired' })
  })

  it('double opt-ins whose end cannot be recorded wait longer each time, and block no other', async () => {
    const { db } = assent.deps
    const ask = async () => {
      const { email } = await putPerson(assent.api)
      const contactPoint = { channel: 'email', address: email }
      const grants = [{ purpose: 'marketing', topic: 'newsletter' }]
      const { id } = await assent.api.ok('POST', '/v1/double-opt-ins', { contactPoint, grants }, idOf)
      const handle = await assent.workflow(id)
      // At rest: an activity under way would expire it by itself.
      await until('its timer', async () => {
        const { events } = await handle.fetchHistory()
        return events?.some(({ timerStartedEventAttributes: timer }) => timer != null) ?? false
      })
      await handle.terminate('an operator')
      return id
    }
    const stuck = await ask()
    const other = await ask()
    const overdue = (id: string, ago: string) =>
      db.transaction((tx) =>
        tx
          .update(doubleOptIns)
          .set({ expiresAt: sql`clock_timestamp() - ${ago}::interval` })
          .where(eq(doubleOptIns.id, id)),
      )
    await overdue(stuck, '3 days')
    await overdue(other, '2 days')
    const owner = postgres(assent.environment.MIGRATION_DATABASE_URL ?? '', { max: 1, onnotice: () => {} })
    await owner.unsafe(`create function stuck() returns trigger language plpgsql as $$ begin
        if new.id = '${stuck}' then raise exception 'stuck'; end if; return new; end $$;
      create trigger stuck before update of state on double_opt_ins for each row execute function stuck()`)
    try {
      const minutes = async () => {
        const [row] = await owner<{ failures: number; wait: number }[]>`select settle_failures as failures,
          extract(epoch from settle_after - clock_timestamp()) / 60 as wait from double_opt_ins where id = ${stuck}`
        return { failures: row?.failures, wait: Math.round(Number(row?.wait)) }
      }
      expect(await expire()).toEqual([other])
      expect(await minutes()).toEqual({ failures: 1, wait: 1 })
      // Not before its time: the next look leaves it alone.
      await expire()
      expect(await minutes()).toEqual({ failures: 1, wait: 1 })
      await owner`update double_opt_ins set settle_after = clock_timestamp() - interval '1 second' where id = ${stuck}`
      await expire()
      expect(await minutes()).toEqual({ failures: 2, wait: 2 })
    } finally {
      await owner.unsafe('drop trigger stuck on double_opt_ins; drop function stuck()')
      await owner.end()
    }
    await db.transaction((tx) =>
      tx.update(doubleOptIns).set({ settleAfter: null }).where(eq(doubleOptIns.id, stuck)),
    )
    expect(await expire()).toEqual([stuck])
  })

  it('a worker looks for such runs as soon as it starts', async () => {
    const { id, handle } = await waiting()
    await handle.terminate('an operator')
    await until('the end to be listed', async () =>
      (await list(`WorkflowId = "${handle.workflowId}" and ExecutionStatus = "Terminated"`)).includes(
        handle.workflowId,
      ),
    )
    const worker = await startWorkerProcess(assent.environment)
    try {
      expect(await assent.runEnded(id)).toMatchObject({ endReason: 'cancelled-in-temporal' })
    } finally {
      await worker.kill()
    }
  })
})

async function list(query: string): Promise<string[]> {
  const ids: string[] = []
  for await (const { workflowId } of assent.client.workflow.list({ query })) ids.push(workflowId)
  return ids
}
