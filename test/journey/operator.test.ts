/** What an operator sees of a run in the Temporal UI: search attributes, a summary, and where it is now. */
import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { eq, sql } from 'drizzle-orm'
import pino from 'pino'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { doubleOptIns } from '../../db/schema/doubleOptIns.ts'
import { OrphanWatch } from '../../engine/orphans.ts'
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

  const description = await handle.describe()
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

describe('a workflow that is ended by hand', () => {
  const waiting = async () => {
    const journey = await publish(assent.api, { steps: [{ id: 'pause', type: 'wait', for: '1 hour' }] })
    const person = await putPerson(assent.api)
    const id = await startRunOf(assent.api, journey, person)
    await assent.runWaits(id, 'pause')
    return { id, handle: await assent.workflow(id) }
  }
  const watch = () =>
    new OrphanWatch({ house: assent.house, client: assent.client, log: pino({ level: 'silent' }) })

  it.each([
    ['terminated', (handle: WorkflowHandle) => handle.terminate('an operator')],
    ['cancelled', (handle: WorkflowHandle) => handle.cancel()],
  ])('%s: its run fails, and says so', async (how, act) => {
    const { id, handle } = await waiting()
    await act(handle)
    const orphans = watch()
    // The engine lists it a moment later.
    await until('the run to be found', async () => (await orphans.look()).includes(id))
    expect(await assent.run(id)).toMatchObject({
      state: 'failed',
      endReason: `workflow-${how}`,
      waitingFor: null,
      path: [{ step: 'pause', outcome: 'failed', reason: `workflow-${how}` }],
    })
    expect(await orphans.look()).toEqual([])
    expect(await watch().look()).toEqual([])
  })

  it('reset: it goes on under its id, and its run with it', async () => {
    const { id, handle } = await waiting()
    const { events } = await handle.fetchHistory()
    const first = events?.find((event) => event.workflowTaskCompletedEventAttributes != null)
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
    expect(await watch().look()).toEqual([])
    expect((await assent.run(id)).state).toBe('waiting')
    await assent.api.call('POST', `/v1/runs/${id}/cancel`)
    expect(await assent.workflowResult(id)).toEqual({ state: 'cancelled', reason: 'cancelled' })
  })

  it('a double opt-in: it expires once its time is over, though nobody is there to say so', async () => {
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
    const { db } = assent.house
    const expire = (ago: string) =>
      db.transaction((tx) =>
        tx
          .update(doubleOptIns)
          .set({ expiresAt: sql`clock_timestamp() - ${ago}::interval` })
          .where(eq(doubleOptIns.id, id)),
      )
    await expire('50 minutes')
    expect(await watch().expireOverdue()).toEqual([])
    await expire('70 minutes')
    expect(await watch().expireOverdue()).toEqual([id])
    expect(await watch().expireOverdue()).toEqual([])
    const { body } = await assent.api.call('GET', `/v1/double-opt-ins/${id}`)
    expect(body).toMatchObject({ state: 'expired' })
  })

  it('double opt-ins whose end cannot be recorded wait longer each time, and block no other', async () => {
    const { db } = assent.house
    const ask = async () => {
      const { email } = await putPerson(assent.api)
      const contactPoint = { channel: 'email', address: email }
      const grants = [{ purpose: 'marketing', topic: 'newsletter' }]
      const { id } = await assent.api.ok('POST', '/v1/double-opt-ins', { contactPoint, grants }, idOf)
      const handle = await assent.workflow(id)
      // At rest: what it was about to do would otherwise go on beside the test.
      await until('its timer', async () => {
        const { events } = await handle.fetchHistory()
        return events?.some((event) => event.timerStartedEventAttributes != null) === true ? true : null
      })
      await handle.terminate('an operator')
      return id
    }
    const stuck = await ask()
    const other = await ask()
    const overdue = (id: string, ago: string) =>
      db
        .update(doubleOptIns)
        .set({ expiresAt: sql`clock_timestamp() - ${ago}::interval` })
        .where(eq(doubleOptIns.id, id))
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
        return { failures: row?.failures, wait: Math.ceil(Number(row?.wait)) }
      }
      expect(await watch().expireOverdue()).toEqual([other])
      expect(await minutes()).toEqual({ failures: 1, wait: 1 })
      // Not before its time: the next look leaves it alone.
      await watch().expireOverdue()
      expect(await minutes()).toEqual({ failures: 1, wait: 1 })
      await owner`update double_opt_ins set settle_after = clock_timestamp() where id = ${stuck}`
      await watch().expireOverdue()
      expect(await minutes()).toEqual({ failures: 2, wait: 2 })
    } finally {
      await owner.unsafe('drop trigger stuck on double_opt_ins; drop function stuck()')
      await owner.end()
    }
    await db.update(doubleOptIns).set({ settleAfter: null }).where(eq(doubleOptIns.id, stuck))
    expect(await watch().expireOverdue()).toEqual([stuck])
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
      expect(await assent.runEnded(id)).toMatchObject({ endReason: 'workflow-terminated' })
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
