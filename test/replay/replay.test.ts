/**
 * Every recorded history still replays on today's code, ends as its scenario says, and every decision in it, made anew from its
 * recorded inputs, is the same. A change of a workflow that breaks running journeys is red here.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { Worker } from '@temporalio/worker'
import { describe, expect, inject, it } from 'vitest'
import { z } from 'zod'
import { decide } from '../../domain/consent/decide.ts'
import { recordedDecision, recordedDecisionInput } from '../../domain/consent/recorded.ts'
import { scenarios } from './scenarios.ts'

const folder = new URL('../histories/', import.meta.url)
const files = readdirSync(folder).filter((file) => file.endsWith('.json'))
const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, folder), 'utf8'))

const historyShape = z.looseObject({ events: z.array(z.looseObject({ eventType: z.string() })) })
const decided = z.looseObject({
  delivery: z.string(),
  input: recordedDecisionInput,
  decision: recordedDecision,
})
const scheduledShape = z.looseObject({
  activityTaskScheduledEventAttributes: z.looseObject({
    activityType: z.looseObject({ name: z.literal('deliver') }),
  }),
})
const requested = z.looseObject({ delivery: z.string() })

/** Every payload of a history, decoded. */
function payloadsOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(payloadsOf)
  if (value === null || typeof value !== 'object') return []
  if ('data' in value && typeof value.data === 'string') {
    const text = Buffer.from(value.data, 'base64').toString('utf8')
    return text === '' ? [] : [JSON.parse(text)]
  }
  return Object.values(value).flatMap(payloadsOf)
}

/** What the consent activity answered, in order. */
function decisionsIn(payloads: readonly unknown[]): z.infer<typeof decided>[] {
  return payloads.flatMap((payload) => {
    const found = decided.safeParse(payload)
    return found.success ? [found.data] : []
  })
}

it('there is a history of every scenario', () => {
  for (const { name } of scenarios) expect(files.some((file) => file.startsWith(`${name}.v`))).toBe(true)
})

it('all replay', async () => {
  const bundle = { code: readFileSync(inject('bundle'), 'utf8') }
  const histories = files.map((file) => ({ workflowId: file, history: read(file) }))
  const replayed: string[] = []
  for await (const { workflowId, error } of Worker.runReplayHistories(
    { workflowBundle: bundle },
    histories,
  )) {
    expect(error, workflowId).toBeUndefined()
    replayed.push(workflowId)
  }
  expect(replayed.toSorted()).toEqual(files.toSorted())
})

describe.each(files)('%s', (file) => {
  const history = historyShape.parse(read(file))
  const scenario = scenarios.find(({ name }) => file.startsWith(`${name}.v`))

  it('ends as its scenario says', () => {
    const last = history.events.at(-1)
    expect(last?.eventType).toBe('EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED')
    expect(payloadsOf(last)[0]).toEqual(scenario?.result)
  })

  it('holds decisions that come out the same when they are made anew', () => {
    const decisions = decisionsIn(payloadsOf(history))
    if (scenario?.sends === true) expect(decisions.length).toBeGreaterThan(0)
    for (const { input, decision } of decisions) expect(decide(input)).toEqual(decision)
  })

  it('delivers nothing that the consent activity did not allow before', () => {
    const allowed = new Set<string>()
    for (const event of history.events) {
      for (const { delivery, decision } of decisionsIn(payloadsOf(event))) {
        if (decision.verdict === 'allow') allowed.add(delivery)
      }
      const scheduled = scheduledShape.safeParse(event)
      if (!scheduled.success) continue
      const [request] = payloadsOf(event).flatMap((payload) => requested.safeParse(payload).data ?? [])
      expect(allowed.has(request?.delivery ?? 'none')).toBe(true)
    }
  })
})
