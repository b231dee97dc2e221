import { afterAll, beforeAll, expect, test } from 'vitest'
import { readDecisionInput } from '../../db/reads/decisionInput.ts'
import { readDecisionInput as other } from '../../db/reads/zzDecisionInput.ts'
import { startLedgerApi, state, type LedgerApi } from './ledgerApi.ts'
let l: LedgerApi
beforeAll(async () => { l = await startLedgerApi() })
afterAll(() => l.stop())
test('same', async () => {
  const e = await state(l.api, 'a@example.com', 'opted-in', { topic: 'newsletter' })
  await state(l.api, 'a@example.com', 'opted-in', { purpose: 'statistics' })
  await state(l.api, 'b@example.com', 'opted-out', { purpose: '*' })
  await l.owner`insert into suppressions (id, contact_point_id, channel, kind) values (gen_random_uuid(), ${e.contactPoint}, 'email', 'complained'), (gen_random_uuid(), ${e.contactPoint}, 'email', 'invalid')`
  const points = [{ id: null }, { id: e.contactPoint }, { address: 'a@example.com' }, { address: 'b@example.com' }, { address: 'x@example.com' }]
  let n = 0
  for (let round = 0; round < 4; round++)
  for (const contactPoint of points) for (const channel of ['email', 'sms', 'x']) for (const purpose of ['marketing', 'service', 'nope', '*']) for (const topic of [null, 'newsletter', 'nope']) for (const profile of [null, 'default', 'nope']) {
    const intent = { contactPoint, channel, purpose, topic, profile, messageAllowsTracking: true }
    const a = await readDecisionInput(l.house.db, intent, new Set(['email']))
    const b = await l.house.db.transaction(async (tx) => n % 2 ? other(l.house.db, intent, new Set(['email'])) : other(tx, intent, new Set(['email'])))
    expect({ ...b, now: a.now }).toEqual(a)
    n++
  }
  expect(n).toBe(2160)
})
