/**
 * What a trigger costs its caller while recovery starts thousands of workflows again. The runs are copied by SQL and have no
 * workflow, as after the loss of the engine; the worker then finds an engine that it does not know. Recovery runs as in
 * production: at its set rate, by the worker that dispatches and runs the journeys as well.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import { z } from 'zod'
import { journey, type Person, putPersons, trigger } from './brand.ts'
import type { Amounts } from './options.ts'
import { median } from './rounds.ts'
import type { BenchStack } from './stack.ts'

/** Milliseconds from a start's request until its first mail arrives: the median, and the 95th percentile. */
export type Latency = { median: number; slow: number; count: number }

export type RecoveryFigures = {
  runs: number
  /** Seconds from the first start to the last. */
  seconds: number
  before: Latency
  during: Latency
}

/** Pause between two starts, in milliseconds. */
const between = 200

export async function measureRecovery(
  stack: BenchStack,
  { recovery: { runs, before } }: Amounts,
  say: (line: string) => void,
): Promise<RecoveryFigures> {
  const persons = await putPersons(stack.api, 'recovery', 100)
  const sql = postgres(stack.databaseUrl, { max: 1, onnotice: () => {} })
  try {
    // The first one has all the runs that are recovered; the rest start runs beside that.
    const [owner, ...rest] = persons
    if (owner === undefined) throw new Error('nobody to recover')
    const first = await begun(stack, owner)
    await waiting(sql, first)
    say('starts before the recovery')
    const quiet: number[] = []
    for (let n = 0; n < before; n++) {
      await pause(between)
      quiet.push(await start(stack, rest, n))
    }
    await copyRuns(sql, first, runs)
    say(`${runs} runs without a workflow`)
    await sql`update recovery set namespace = 'another', sweep = null, holder = null, held_until = null`
    const running = async () =>
      (await stack.client.workflow.count(`WorkflowType = 'journey' AND ExecutionStatus = 'Running'`)).count
    const others = await running()
    const busy: number[] = []
    let began = 0
    let last = 0
    for (let done = 0; done < runs; last = done) {
      await pause(between)
      const passed = began === 0 ? null : await start(stack, rest, busy.length)
      done = (await running()) - others
      if (done > 0 && began === 0) began = performance.now()
      // Recovery pauses between its looks: only starts beside recovered runs count.
      if (passed !== null && done > last) busy.push(passed)
      if (Math.floor((done * 10) / runs) > Math.floor((last * 10) / runs)) say(`${done} recovered`)
    }
    const seconds = Math.round((performance.now() - began) / 1_000)
    return { runs, seconds, before: latency(quiet), during: latency(busy) }
  } finally {
    await sql.end()
  }
}

function latency(samples: readonly number[]): Latency {
  const sorted = samples.toSorted((one, other) => one - other)
  const slow = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] ?? Number.NaN
  return { median: Math.round(median(samples)), slow: Math.round(slow), count: samples.length }
}

const runShape = z.looseObject({ id: z.string() })

async function begun(stack: BenchStack, { externalId, email }: Person): Promise<string> {
  const arrived = stack.sink.next(email)
  const body = { contact: { externalId } }
  const { id } = await stack.api.call('POST', `/v1/journeys/${journey}/runs`, body, runShape)
  await arrived
  return z.uuid().parse(id)
}

/** @returns milliseconds until its first mail arrived */
async function start(stack: BenchStack, persons: readonly Person[], turn: number): Promise<number> {
  const { externalId, email } = persons[turn % persons.length] ?? { externalId: '', email: '' }
  const arrived = stack.sink.next(email)
  const began = performance.now()
  const body = { contact: { externalId } }
  await stack.api.call('POST', `/v1/journeys/${journey}/runs`, body, runShape)
  await arrived
  const passed = performance.now() - began
  // It is ended by its order, so that no contact comes to its most open runs.
  await stack.api.do('POST', `/v1/triggers/${trigger}`, { id: randomUUID(), contact: { externalId } })
  return passed
}

async function waiting(sql: postgres.Sql, run: string): Promise<void> {
  for (;;) {
    const [row] = await sql`select from waits where run_id = ${run} and state = 'open'`
    if (row !== undefined) return
    await pause(50)
  }
}

/** Copies a run that waits for its order: row, wait and the entry among the open ones. Each copy belongs to the same contact. */
async function copyRuns(sql: postgres.Sql, run: string, count: number): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`create temporary table copies on commit drop as
      select n, gen_random_uuid() as run, gen_random_uuid() as wait from generate_series(1, ${count}::int) n`
    const position = `jsonb_set(one.position, '{wait}', to_jsonb(copies.wait))`
    await copyRows(tx, 'runs', `one.id = '${run}'`, { id: 'copies.run', position })
    await copyRows(tx, 'waits', `one.run_id = '${run}'`, { id: 'copies.wait', run_id: 'copies.run' })
    await copyRows(tx, 'open_runs', `one.run_id = '${run}'`, { run_id: 'copies.run' })
  })
  await sql.unsafe('vacuum analyze runs, waits, open_runs')
}

/** @param changed columns that differ, as SQL over `one`, the row, and `copies` */
async function copyRows(
  tx: postgres.TransactionSql,
  table: string,
  where: string,
  changed: Readonly<Record<string, string>>,
): Promise<void> {
  const rows = await tx<{ name: string }[]>`select column_name as name from information_schema.columns
    where table_schema = 'public' and table_name = ${table} and is_generated = 'NEVER'`
  const names = rows.map(({ name }) => name)
  const values = names.map((name) => changed[name] ?? `one.${name}`)
  await tx.unsafe(
    `insert into ${table} (${names.join(', ')}) select ${values.join(', ')} from ${table} one, copies where ${where}`,
  )
}
