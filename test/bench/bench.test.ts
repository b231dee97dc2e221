/**
 * That the bench works, never how fast anything is: each measurement runs once with tiny counts on a stack of its own,
 * and what it writes has the shape it promises.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readOptions } from '../../bench/options.ts'
import { type Report, reportShape, warnings } from '../../bench/report.ts'
import { compare, median, shown } from '../../bench/rounds.ts'

describe('a smoke run of the bench', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assent-bench-test-'))
  const out = join(folder, 'bench.json')
  let printed = ''
  let report: Report

  beforeAll(async () => {
    const ran = await promisify(execFile)(process.execPath, [
      'bench/run.ts',
      '--smoke',
      '--contacts',
      '60',
      '--out',
      out,
    ])
    printed = ran.stdout
    report = reportShape.parse(JSON.parse(readFileSync(out, 'utf8')))
  }, 300_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('gives a figure for every measurement', () => {
    expect(report.journeys?.ours.rounds).toHaveLength(1)
    expect(report.checks?.post.theirs.rounds).toHaveLength(1)
    expect(report.decisions?.rounds).toHaveLength(1)
    expect(report.loaded?.delivery.theirs.rounds).toHaveLength(1)
  })

  it('counts what a journey of two mails and a wait costs the engine: at most 32 events and 10 actions', () => {
    const { events, actions, byType } = report.journeys?.cost.ours ?? { events: 0, actions: 0, byType: {} }
    expect(byType).toMatchObject({
      ACTIVITY_TASK_SCHEDULED: 2,
      TIMER_STARTED: 1,
      WORKFLOW_EXECUTION_SIGNALED: 1,
    })
    expect(events).toBeLessThanOrEqual(32)
    expect(actions).toBeLessThanOrEqual(10)
  })

  it('counts the bare workflow as start, two activities and a signal', () => {
    expect(report.journeys?.cost.theirs.actions).toBe(4)
  })

  it('fills a database with contacts, and compares what things cost there with an empty one', () => {
    const { contacts, trigger, check, delivery, storage } = report.loaded ?? {}
    expect(contacts).toBe(60)
    for (const figures of [trigger, check, delivery]) expect(figures?.ratio).toBeGreaterThan(0)
    expect(storage?.bytes).toBeGreaterThan(100)
    expect(printed).toMatch(/59 copies of 59\n/)
    expect(printed).toMatch(/with 60 contacts, beside an empty database +loaded +empty +cost/)
    expect(printed).toMatch(/deliveries a second +[\d.]+ +[\d.]+ +[\d.]+ × +≤ 1\.3 ×/)
  })

  it('says how far it is while it runs, and ends with a table', () => {
    expect(printed).toMatch(/s {2}journeys\n/)
    expect(printed).toMatch(/journeys a second, against a bare workflow +[\d.]+ +[\d.]+ +\d\.\d\d +≥ 0\.6/)
  })
})

describe('a cost that grows with the contacts', () => {
  const figures = (ratio: number) => {
    const side = { median: 1, rounds: [1] }
    return { ours: side, theirs: side, ratio }
  }
  const loaded = {
    contacts: 100_000,
    trigger: figures(1.3),
    check: figures(1.31),
    delivery: figures(0.9),
    storage: { bytes: 1_400, hot: 0.9 },
  }

  it('is pointed out from 1.3 on', () => {
    expect(warnings({ loaded })).toEqual([
      'A check costs 1.31 times as much with 100000 contacts as in an empty database; at most 1.3 is wanted.',
    ])
    expect(warnings({ loaded: null })).toEqual([])
  })
})

describe('rounds', () => {
  it('alternate, and the first of each side is not counted', async () => {
    const order: string[] = []
    const side = (name: string, figures: number[]) => ({
      name,
      round: async () => {
        order.push(name)
        return figures.shift() ?? 0
      },
    })
    const compared = await compare(side('a', [1, 10, 30, 20]), side('b', [1, 20, 30, 80]), 3, () => {})
    expect(order.join('')).toBe('abababab')
    expect(compared).toEqual({
      ours: { median: 20, rounds: [10, 30, 20] },
      theirs: { median: 30, rounds: [20, 30, 80] },
      ratio: 0.5,
    })
  })

  it('have the middle one, or the mean of the two in the middle, as their median', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5])
  })

  it('are shown with as many digits as they deserve', () => {
    expect([shown(12.34), shown(1234.5), shown(2_345_678)]).toEqual(['12.3', '1235', '2.3 M'])
  })
})

describe('the command line', () => {
  it('refuses a measurement it does not know', () => {
    expect(() => readOptions(['--only', 'journeys,speed'])).toThrow(/not speed/)
  })

  it.each(['4', '10000001', '1.5', 'many'])('refuses to load %s contacts', (contacts) => {
    expect(() => readOptions(['--smoke', '--contacts', contacts])).toThrow(/from 5 to 10000000/)
  })

  it('measures everything by default', () => {
    expect(readOptions([])).toMatchObject({
      mode: 'full',
      only: ['journeys', 'checks', 'decisions', 'loaded'],
    })
  })
})
