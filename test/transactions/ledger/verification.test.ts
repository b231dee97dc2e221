/** Verification of the whole ledger as a job: in ranges, each a snapshot of its own, by one process at a time, whatever dies. */
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { newId } from '../../../db/ids.ts'
import { verifyRange } from '../../../db/reads/verifyLedger.ts'
import { Retention } from '../../../engine/retention.ts'
import { Verifier } from '../../../engine/verifier.ts'
import { installFailpoint } from '../../../failpoints.ts'
import { advanceVerification } from '../../../transactions/ledger/verification.ts'
import { type LedgerApi, startLedgerApi, state } from '../../harness/ledgerApi.ts'
import { until } from '../../harness/until.ts'
import {
  askForVerification,
  type Verification,
  verificationOf,
  verifyWhole,
} from '../../harness/verification.ts'

let ledger: LedgerApi
let early = ''
let late = ''
beforeAll(async () => {
  ledger = await startLedgerApi()
  early = (await state(ledger.api, 'early@example.com', 'opted-in')).contactPoint
  await ledger.owner`insert into contact_points (id, channel, address)
    select uuidv7(), 'email', 'filler-' || n || '@example.com' from generate_series(1, 450) n`
  late = (await state(ledger.api, 'late@example.com', 'opted-in')).contactPoint
})
afterAll(() => ledger.stop())

let remove = (): unknown => null
afterEach(() => {
  remove()
  remove = () => null
})

const optOut = {
  kind: 'consent',
  purpose: 'marketing',
  topic: null,
  state: 'opted-out',
  occurredAt: null,
  source: { kind: 'one-click' },
} as const

function advance(holder: string): Promise<boolean> {
  return advanceVerification(ledger.deps, holder)
}

function look(id: string): Promise<Verification> {
  return verificationOf(ledger.api, id)
}

async function finish(holder = newId()): Promise<void> {
  while (await advance(holder)) {
    // range after range
  }
}

/** As if so much time had passed: nobody holds the job any more. */
async function letGo(id: string): Promise<void> {
  await ledger.owner`update ledger_verifications set held_until = clock_timestamp() - interval '1 second' where id = ${id}`
}

async function counted(): Promise<unknown> {
  const [row] = await ledger.owner`select (select count(*) from contact_points)::int as "contactPoints",
    (select count(*) from consent_events)::int as events`
  return row
}

describe('a verification of everything', () => {
  test('is accepted at once, continues range by range, and shows its progress', async () => {
    const { id } = await askForVerification(ledger.api)
    expect(await look(id)).toMatchObject({ state: 'waiting', contactPoints: 0, startedAt: null })
    const holder = newId()
    const seen: number[] = []
    while (await advance(holder)) seen.push((await look(id)).contactPoints)
    expect(seen.slice(0, 3)).toEqual([200, 400, 452])
    const found = await look(id)
    expect(found).toMatchObject({ state: 'finished', firstBreak: null, states: { firstDifference: null } })
    expect(found).toMatchObject({ ...Object(await counted()) })
    expect(found.finishedAt).not.toBeNull()
  })

  test('takes what is appended between two ranges for what it is, and not for a break', async () => {
    const { id } = await askForVerification(ledger.api)
    const holder = newId()
    await advance(holder)
    await ledger.append(early, optOut)
    await ledger.append(late, optOut)
    await state(ledger.api, 'made-meanwhile@example.com', 'opted-in')
    await finish(holder)
    // The one made meanwhile is left to the next verification; the one appended to before its range is counted whole.
    expect(await look(id)).toMatchObject({
      state: 'finished',
      firstBreak: null,
      states: { firstDifference: null },
      contactPoints: 452,
    })
  })

  test('names the first break and the first wrong state of all ranges', async () => {
    await ledger.tamper(
      `update consent_events set hash = previous_hash where contact_point_id = '${late}' and seq = 1`,
    )
    await ledger.owner`insert into consent_states values (${late}, 'statistics', '', '[1]')`
    const found = await verifyWhole(ledger.api, ledger.deps)
    expect(found.firstBreak).toMatchObject({ contactPoint: late, seq: 1, problem: 'hash-mismatch' })
    expect(found.states.firstDifference).toMatchObject({ contactPoint: late, purpose: 'statistics' })
    await ledger.tamper(
      `update consent_events set hash = sha256(previous_hash || bytes) where contact_point_id = '${late}' and seq = 1`,
    )
    await ledger.owner`delete from consent_states where purpose = 'statistics'`
    expect((await verifyWhole(ledger.api, ledger.deps)).firstBreak).toBeNull()
  })

  test('that was never requested is not found', async () => {
    expect((await ledger.api.call('GET', `/v1/consents/verifications/${newId()}`)).status).toBe(404)
  })

  test('asked for while one waits is that one; while one runs, another that begins after it', async () => {
    const first = await askForVerification(ledger.api)
    expect(await askForVerification(ledger.api)).toEqual(first)
    const holder = newId()
    await advance(holder)
    const second = await askForVerification(ledger.api)
    expect(second.id).not.toBe(first.id)
    await advance(holder)
    expect((await look(second.id)).state).toBe('waiting')
    await finish(holder)
    expect((await look(first.id)).state).toBe('finished')
    expect((await look(second.id)).state).toBe('finished')
  })

  test('asked for by ten at once is one', async () => {
    const asked = await Promise.all(Array.from({ length: 10 }, () => askForVerification(ledger.api)))
    expect(new Set(asked.map(({ id }) => id)).size).toBe(1)
    await finish()
  })
})

describe('a range', () => {
  test('ends early where chains are long: it is one snapshot', async () => {
    const bounds = { contactPoints: 200, events: 3 }
    const { report, last } = await verifyRange(ledger.deps.db, { after: null, upto: late }, bounds)
    expect(report.events).toBeLessThanOrEqual(3)
    expect(last).not.toBeNull()
    const ends: (string | null)[] = []
    let after: string | null = null
    let events = 0
    do {
      const range: Awaited<ReturnType<typeof verifyRange>> = await verifyRange(
        ledger.deps.db,
        { after, upto: late },
        bounds,
      )
      events += range.report.events
      after = range.last
      ends.push(after)
    } while (after !== null)
    expect(new Set(ends).size).toBe(ends.length)
    const [row] =
      await ledger.owner`select count(*)::int as events from consent_events where contact_point_id <= ${late}`
    expect(events).toBe(row?.events)
  })
})

describe('two processes', () => {
  test('do not work on one job: the second leaves it to the first', async () => {
    const { id } = await askForVerification(ledger.api)
    const [first, second] = [newId(), newId()]
    expect(await advance(first)).toBe(true)
    expect(await advance(second)).toBe(false)
    expect((await look(id)).contactPoints).toBe(200)
    await finish(first)
  })

  test('the second takes over where the first died, and what a late first one found is not counted twice', async () => {
    const { id } = await askForVerification(ledger.api)
    const [dead, heir] = [newId(), newId()]
    await advance(dead)
    let wake = (): void => {}
    const asleep = new Promise<void>((resolve) => {
      wake = resolve
    })
    const reached = new Promise<void>((resolve) => {
      remove = installFailpoint('verification:read', async () => {
        remove()
        resolve()
        await asleep
      })
    })
    const sleeping = advance(dead)
    await reached
    await letGo(id)
    await advance(heir)
    expect((await look(id)).contactPoints).toBe(400)
    wake()
    await sleeping
    expect((await look(id)).contactPoints).toBe(400)
    expect(await advance(dead)).toBe(false)
    await finish(heir)
    expect(await look(id)).toMatchObject({ state: 'finished', ...Object(await counted()) })
  })
})

describe('a range that cannot be read', () => {
  function fail(): void {
    remove = installFailpoint('verification:read', () => Promise.reject(new Error('away')))
  }

  test('is tried again after a while, and nothing found before is lost', async () => {
    const { id } = await askForVerification(ledger.api)
    const holder = newId()
    await advance(holder)
    fail()
    await advance(holder)
    expect(await advance(holder)).toBe(false)
    expect(await look(id)).toMatchObject({ state: 'running', contactPoints: 200 })
    remove()
    await letGo(id)
    await finish(holder)
    expect(await look(id)).toMatchObject({ state: 'finished', ...Object(await counted()) })
  })

  test('again and again ends the job as failed, so that the next can begin', async () => {
    const { id } = await askForVerification(ledger.api)
    fail()
    for (let attempt = 0; attempt < 20; attempt += 1) {
      if (!(await advance(newId()))) break
      await letGo(id)
    }
    expect((await look(id)).state).toBe('failed')
    remove()
    expect((await verifyWhole(ledger.api, ledger.deps)).state).toBe('finished')
  })
})

describe('in the background', () => {
  const log = pino({ level: 'silent' })

  test('a worker finishes what was asked for', async () => {
    const verifiers = [1, 2].map(() => new Verifier({ deps: ledger.deps, log }))
    for (const verifier of verifiers) verifier.start()
    try {
      const { id } = await askForVerification(ledger.api)
      const found = await until('the end of the verification', async () => {
        const now = await look(id)
        return now.state === 'finished' ? now : null
      })
      expect(found).toMatchObject({ firstBreak: null, ...Object(await counted()) })
    } finally {
      for (const verifier of verifiers) await verifier.stop()
    }
  })

  test('outcomes are deleted 400 days after their end', async () => {
    const { id: old } = await verifyWhole(ledger.api, ledger.deps)
    const { id: kept } = await verifyWhole(ledger.api, ledger.deps)
    await ledger.owner`update ledger_verifications set finished_at = clock_timestamp() - interval '401 days' where id = ${old}`
    await ledger.owner`update ledger_verifications set finished_at = clock_timestamp() - interval '399 days' where id = ${kept}`
    await new Retention({ db: ledger.deps.db, log }).sweep()
    expect((await ledger.api.call('GET', `/v1/consents/verifications/${old}`)).status).toBe(404)
    expect((await look(kept)).state).toBe('finished')
  })
})
