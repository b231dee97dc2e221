/** `asOf` and `knownAt`: states and decisions as they were, and as they were known. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '../../db/ids.ts'
import { check, type LedgerApi, standingOf, startLedgerApi, state } from '../harness/ledgerApi.ts'

let ledger: LedgerApi
beforeAll(async () => {
  ledger = await startLedgerApi()
})
afterAll(() => ledger.stop())

test('an event recorded late counts in asOf, but not in knownAt', async () => {
  const address = 'late@example.com'
  await state(ledger.api, address, 'opted-out', { occurredAt: '2022-01-01T00:00:00Z' })
  const before = await ledger.between()
  await state(ledger.api, address, 'opted-in', { occurredAt: '2020-01-01T00:00:00Z' })
  const standing = (view: Record<string, string>) => standingOf(ledger.api, address, 'marketing', null, view)
  expect(await standing({})).toBe('opted-out')
  expect(await standing({ asOf: '2019-12-31T23:59:59Z' })).toBe('not listed')
  expect(await standing({ asOf: '2020-01-01T01:00:00+01:00' })).toBe('opted-in')
  expect(await standing({ asOf: '2021-06-01T00:00:00Z' })).toBe('opted-in')
  expect(await standing({ asOf: '2021-06-01T00:00:00Z', knownAt: before })).toBe('not listed')
  expect(await standing({ asOf: '2023-01-01T00:00:00Z' })).toBe('opted-out')
})

test('an address that was not known yet', async () => {
  const before = await ledger.between()
  await state(ledger.api, 'new@example.com', 'opted-in', { occurredAt: '2020-01-01T00:00:00Z' })
  expect(await check(ledger.api, 'new@example.com', { knownAt: before })).toMatchObject({
    verdict: 'block',
    reason: 'unknown-contact-point',
    inputs: { now: before, contactPoint: { id: null, seq: 0 } },
  })
  expect(await check(ledger.api, 'new@example.com', { asOf: before })).toMatchObject({ reason: 'opted-in' })
})

test('the very moment of an event counts', async () => {
  const event = await state(ledger.api, 'moment@example.com', 'opted-in')
  const at = await check(ledger.api, 'moment@example.com', {
    asOf: event.recordedAt,
    knownAt: event.recordedAt,
  })
  expect(at).toMatchObject({ verdict: 'allow', reason: 'opted-in', basis: [event.id] })
})

test('a retraction brings back what stood before, and the past keeps what it knew', async () => {
  const address = 'retracted@example.com'
  const granted = await state(ledger.api, address, 'opted-in')
  const withdrawn = await state(ledger.api, address, 'opted-out')
  const between = await ledger.between()
  await ledger.append(granted.contactPoint, {
    kind: 'retraction',
    purpose: 'marketing',
    topic: null,
    state: null,
    occurredAt: null,
    source: { kind: 'api' },
    related: { retracts: withdrawn.id },
  })
  expect(await check(ledger.api, address)).toMatchObject({ reason: 'opted-in', basis: [granted.id] })
  expect(await check(ledger.api, address, { asOf: between })).toMatchObject({
    reason: 'opted-out',
    basis: [withdrawn.id],
  })
  expect(await standingOf(ledger.api, address, 'marketing', null, { knownAt: between })).toBe('opted-out')
})

test('a purpose and a profile count as they were recorded then', async () => {
  const purpose = { name: 'Surveys', description: 'Questions', kind: 'commercial' }
  const early = await ledger.between()
  await ledger.api.put('/v1/purposes/surveys', { ...purpose, enforcement: 'restrictive' })
  await state(ledger.api, 'surveyed@example.com', 'opted-out')
  const strict = await ledger.between()
  const topics = [{ key: 'yearly', name: 'Yearly', description: 'One a year' }]
  await ledger.api.put('/v1/purposes/surveys?confirm=true', {
    ...purpose,
    enforcement: 'non-restrictive',
    topics,
  })
  const ask = (more: Record<string, unknown>) =>
    check(ledger.api, 'surveyed@example.com', { purpose: 'surveys', ...more })
  expect(await ask({})).toMatchObject({ verdict: 'allow', reason: 'not-opted-out' })
  expect(await ask({ asOf: strict })).toMatchObject({
    reason: 'no-consent',
    inputs: { purpose: { version: 1 } },
  })
  expect(await ask({ asOf: strict, topic: 'yearly' })).toMatchObject({ reason: 'unknown-topic' })
  expect(await ask({ topic: 'yearly' })).toMatchObject({ reason: 'not-opted-out' })
  expect(await ask({ knownAt: early })).toMatchObject({ reason: 'unknown-purpose' })
  // Consent given elsewhere is older than the purpose is here: then its first version counts.
  expect(await ask({ asOf: early })).toMatchObject({
    reason: 'no-consent',
    inputs: { purpose: { version: 1 } },
  })
  const later = await ledger.between()
  expect(await ask({ asOf: later })).toMatchObject({
    reason: 'not-opted-out',
    inputs: { purpose: { version: 2 } },
  })
  expect(await ask({ asOf: later, knownAt: strict })).toMatchObject({ reason: 'no-consent' })
})

test('a suppression holds from when it was found until it was lifted', async () => {
  const address = 'complained@example.com'
  const { contactPoint } = await state(ledger.api, address, 'opted-in')
  const before = await ledger.between()
  const id = newId()
  await ledger.owner`insert into suppressions (id, contact_point_id, channel, kind) values (${id}, ${contactPoint}, 'email', 'complained')`
  const during = await ledger.between()
  expect(await check(ledger.api, address)).toMatchObject({ reason: 'suppressed-complaint' })
  await ledger.owner`update suppressions set lifted_at = clock_timestamp() where id = ${id}`
  const after = await ledger.between()
  const reasons = []
  for (const asOf of [before, during, after])
    reasons.push((await check(ledger.api, address, { asOf })).reason)
  expect(reasons).toEqual(['opted-in', 'suppressed-complaint', 'opted-in'])
  expect(await check(ledger.api, address)).toMatchObject({ reason: 'opted-in' })
})

test('asked of this moment, the past and the present answer alike', async () => {
  const address = 'alike@example.com'
  await state(ledger.api, address, 'opted-in', { topic: 'newsletter' })
  await state(ledger.api, address, 'opted-in', { purpose: 'statistics' })
  for (const more of [{ topic: 'newsletter' }, { topic: 'events' }, {}, { purpose: 'service' }]) {
    const present = await check(ledger.api, address, more)
    const past = await check(ledger.api, address, { ...more, asOf: await ledger.between() })
    const inputs = { ...past.inputs, now: present.inputs.now }
    expect({ ...past, inputs }).toEqual(present)
  }
})

test('an opt-in that ends by itself ends in the past, too', async () => {
  const address = 'ending@example.com'
  await state(ledger.api, address, 'opted-in', {
    occurredAt: '2024-01-01T00:00:00Z',
    evidence: { expiresAt: '2025-01-01T00:00:00Z' },
  })
  expect(await check(ledger.api, address)).toMatchObject({ verdict: 'block', reason: 'consent-expired' })
})
