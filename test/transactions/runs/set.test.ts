/** The step `set`: a run writes attributes of its contact, as a PATCH would, and journeys that start each other by it come to an end. */
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { runs } from '../../../db/schema/journeys.ts'
import { outbox, triggerEvents } from '../../../db/schema/triggers.ts'
import { mostOpenRuns, mostRunsInARow } from '../../../domain/journey/reentry.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { type Person, publish, putBrand, putPerson, startRunOf } from '../../harness/fixtures.ts'
import { until } from '../../harness/until.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent()
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

const contactShape = z.looseObject({ email: z.string(), phone: z.string(), attributes: z.looseObject({}) })
const contactOf = (person: Person) =>
  assent.api.ok('GET', `/v1/contacts/${person.externalId}`, undefined, contactShape)

/** What was raised about a contact's record, in order, once everything was told. */
async function changesOf(person: Person): Promise<unknown[]> {
  const { db } = assent.deps
  await until('an empty outbox', async () => (await db.select().from(outbox)).length === 0)
  const events = await db.select().from(triggerEvents).where(eq(triggerEvents.contactId, person.id))
  return events
    .filter(({ name }) => name === 'record.changed')
    .toSorted((a, b) => (a.seq ?? 0) - (b.seq ?? 0))
    .map(({ payload }) => payload)
}

const byStage = {
  id: 'gold',
  type: 'branch',
  cases: [{ when: 'contact.attributes.stage == "gold"', steps: [{ id: 'out', type: 'exit' }] }],
}

describe('a run that sets attributes', () => {
  it('a later branch sees the attributes it set', async () => {
    const set = { id: 'promote', type: 'set', attributes: { stage: 'gold', trialEnds: null } }
    const later = {
      ...byStage,
      id: 'now',
      cases: [{ ...byStage.cases[0], steps: [{ id: 'end', type: 'exit' }] }],
    }
    const journey = await publish(assent.api, { steps: [byStage, set, later] })
    const person = await putPerson(assent.api, {
      attributes: { stage: 'free', trialEnds: '2026-12-01', size: 'L' },
    })
    const before = await contactOf(person)
    const run = await assent.runEnded(await startRunOf(assent.api, journey, person))
    expect(run.path.map(({ step, outcome }) => [step, outcome])).toEqual([
      ['gold', 'otherwise'],
      ['promote', 'set'],
      ['now', 'case'],
      ['end', 'exited'],
    ])
    const after = await contactOf(person)
    expect(after.attributes).toEqual({ stage: 'gold', size: 'L' })
    expect([after.email, after.phone]).toEqual([before.email, before.phone])
  })

  it('raises what changed as a PATCH would, and nothing where nothing changes', async () => {
    const journey = await publish(assent.api, {
      steps: [
        { id: 'pause', type: 'wait', for: '1 second' },
        { id: 'promote', type: 'set', attributes: { stage: 'gold', home: { city: 'Graz' } } },
        { id: 'again', type: 'set', attributes: { stage: 'gold' } },
      ],
    })
    const person = await putPerson(assent.api, { attributes: { home: { zip: '8010' } } })
    await assent.runEnded(await startRunOf(assent.api, journey, person))
    expect(await changesOf(person)).toEqual([
      {
        record: 'contact',
        changed: { stage: [null, 'gold'], home: [{ zip: '8010' }, { zip: '8010', city: 'Graz' }] },
      },
    ])
  })

  it('moves a run of another journey that waits for the change', async () => {
    const waiting = await publish(assent.api, {
      steps: [
        {
          id: 'changed',
          type: 'waitFor',
          timeout: '1 day',
          events: [{ trigger: 'record.changed', where: 'has(event.changed.stage)', steps: [] }],
        },
      ],
    })
    const setting = await publish(assent.api, {
      steps: [{ id: 'promote', type: 'set', attributes: { stage: 'gold' } }],
    })
    const person = await putPerson(assent.api)
    const run = await startRunOf(assent.api, waiting, person)
    await assent.runWaits(run, 'changed')
    await startRunOf(assent.api, setting, person)
    const ended = await assent.runEnded(run)
    expect(ended.path.map(({ outcome }) => outcome)).toEqual(['matched'])
  })

  it('its own change settles a wait for that change', async () => {
    const journey = await publish(assent.api, {
      steps: [
        { id: 'promote', type: 'set', attributes: { stage: 'gold' } },
        {
          id: 'changed',
          type: 'waitFor',
          timeout: '1 day',
          events: [{ trigger: 'record.changed', steps: [] }],
        },
      ],
    })
    const run = await assent.runEnded(await startRunOf(assent.api, journey, await putPerson(assent.api)))
    expect(run.path.map(({ outcome }) => outcome)).toEqual(['set', 'matched'])
  })

  it('continues if the contact would become too large, and its path says so', async () => {
    const journey = await publish(assent.api, {
      steps: [{ id: 'promote', type: 'set', attributes: { stage: 'x'.repeat(5_000) } }],
    })
    const person = await putPerson(assent.api, { attributes: { notes: 'x'.repeat(998_000) } })
    const run = await assent.runEnded(await startRunOf(assent.api, journey, person))
    expect(run).toMatchObject({ state: 'completed' })
    expect(run.path).toMatchObject([{ outcome: 'not-set', reason: 'contact-too-large' }])
    expect((await contactOf(person)).attributes.stage).toBeUndefined()
    expect(await changesOf(person)).toEqual([])
  })
})

describe('a journey that starts itself by what it sets', () => {
  /** Each run raises two changes, and each of them would start another run. */
  const looping = (flag: string, more: Record<string, unknown>, below: unknown[] = []) =>
    publish(assent.api, {
      entry: { trigger: 'record.changed', where: `has(trigger.changed.${flag})` },
      steps: [
        { id: 'on', type: 'set', attributes: { [flag]: true } },
        { id: 'off', type: 'set', attributes: { [flag]: false } },
        ...below,
      ],
      ...more,
    })

  async function runsAfterAChange(flag: string, journey: string): Promise<string[]> {
    const person = await putPerson(assent.api)
    await assent.api.call('PATCH', `/v1/contacts/${person.externalId}`, { attributes: { [flag]: false } })
    await changesOf(person)
    const rows = await assent.deps.db.select().from(runs).where(eq(runs.journey, journey))
    return rows.filter(({ contactId }) => contactId === person.id).map(({ state }) => state)
  }

  it('does so once, where re-entry is not permitted', async () => {
    expect(await runsAfterAChange('once', await looping('once', {}))).toEqual(['completed'])
  })

  it('always: comes to an end after so many runs in a row', async () => {
    const started = await runsAfterAChange('row', await looping('row', { reentry: 'always' }))
    expect(started).toHaveLength(2 ** (mostRunsInARow + 1) - 1)
  })

  it('always, and its runs stay open: has as many of them as a contact may have', async () => {
    const journey = await looping('open', { reentry: 'always' }, [
      { id: 'pause', type: 'wait', for: '1 day' },
    ])
    expect(await runsAfterAChange('open', journey)).toHaveLength(mostOpenRuns)
  })
})
