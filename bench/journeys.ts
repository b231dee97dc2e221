/**
 * Journeys a second: two mails and between them one thing to wait for. Ours is started and signalled over REST, as a
 * shop would; the bare workflow is started and signalled by Temporal's own client. Both end when the engine says so;
 * both get their signal a while after their first mail arrived; both have the same number of journeys under way, on the
 * same server.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { journey, type Person, putPersons, trigger } from './brand.ts'
import { type Cost, costOf } from './history.ts'
import type { Amounts } from './options.ts'
import { type Compared, compare } from './rounds.ts'
import type { BenchStack } from './stack.ts'

export type JourneysFigures = Compared & {
  cost: { ours: Cost; theirs: Cost }
  /** Share of our journeys whose trigger found the wait open; the others' came so early that entering the wait found it. */
  waited: number
}

/** One journey for one address. @returns its workflow's id */
type Passage = (person: Person) => Promise<string>

export async function measureJourneys(
  stack: BenchStack,
  amounts: Amounts,
  say: (line: string) => void,
): Promise<JourneysFigures> {
  const { count, concurrency } = amounts.journeys
  const persons = await putPersons(stack.api, 'journey', concurrency)
  const tally: Tally = { told: 0, waited: 0 }
  const ours = oursOf(stack, amounts.journeys.pause, tally)
  const bare = bareOf(stack, amounts.journeys.pause)
  const compared = await compare(
    { name: 'Assent', round: () => round(ours, persons, count) },
    { name: 'bare workflow', round: () => round(bare, persons, count) },
    amounts.rounds,
    say,
  )
  const [person] = persons
  if (person === undefined) throw new Error('nobody to send to')
  const cost = {
    ours: await costOf(stack.client, await ours(person)),
    theirs: await costOf(stack.client, await bare(person)),
  }
  return { ...compared, cost, waited: tally.waited / tally.told }
}

/** @returns journeys a second */
async function round(passage: Passage, persons: readonly Person[], count: number): Promise<number> {
  let left = count
  const began = performance.now()
  await Promise.all(
    persons.map(async (person) => {
      while (left-- > 0) await passage(person)
    }),
  )
  return count / ((performance.now() - began) / 1_000)
}

const started = z.looseObject({ id: z.string(), workflowId: z.string() })

const taken = z.looseObject({ signalled: z.array(z.string()) })

type Tally = { told: number; waited: number }

function oursOf({ api, client, sink }: BenchStack, milliseconds: number, tally: Tally): Passage {
  return async ({ externalId, email }) => {
    const contact = { externalId }
    const arrived = sink.next(email)
    const { id, workflowId } = await api.call('POST', `/v1/journeys/${journey}/runs`, { contact }, started)
    await inTime(arrived, async () =>
      JSON.stringify(await api.call('GET', `/v1/runs/${id}`, undefined, z.unknown())),
    )
    await pause(milliseconds)
    const { signalled } = await api.call(
      'POST',
      `/v1/triggers/${trigger}`,
      { id: randomUUID(), contact },
      taken,
    )
    tally.told += 1
    tally.waited += signalled.length
    await ended(client.workflow.getHandle(workflowId).result(), 'completed')
    return workflowId
  }
}

function bareOf({ client, sink, bareTaskQueue: taskQueue }: BenchStack, milliseconds: number): Passage {
  return async ({ email }) => {
    const arrived = sink.next(email)
    const handle = await client.workflow.start('bare', { taskQueue, workflowId: randomUUID(), args: [email] })
    await inTime(arrived, async () => `workflow ${handle.workflowId}`)
    await pause(milliseconds)
    await handle.signal('go')
    await handle.result()
    return handle.workflowId
  }
}

/** Seconds to wait for a mail; then the benchmark fails. */
const patience = 60

/** @throws Error saying what was found instead of a mail */
async function inTime(arrived: Promise<void>, look: () => Promise<string>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    void look().then((found) => reject(new Error(`no mail within ${patience} s: ${found}`)), reject)
  }, patience * 1_000)
  await Promise.race([arrived, late]).finally(() => clearTimeout(timer))
}

async function ended(result: Promise<unknown>, state: string): Promise<void> {
  const end = z.looseObject({ state: z.string() }).parse(await result)
  if (end.state !== state) throw new Error(`a journey ended as ${end.state}`)
}
