/** A row of the outbox that nobody can read holds up its own stream, and no other. */
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { outbox } from '../../db/schema/triggers.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'
import { until } from '../harness/until.ts'

let assent: Assent
beforeAll(async () => {
  assent = await startAssent()
  await putBrand(assent.api)
})
afterAll(() => assent.stop())

it('a hundred and twenty unreadable rows, more than are taken at once, do not keep a run from starting', async () => {
  const { db } = assent.deps
  const kinds = ['start', 'signal', 'trigger'] as const
  const rows = Array.from({ length: 120 }, (_, i) => ({
    stream: `broken-${i}`,
    kind: kinds[i % 3] ?? 'start',
    body: { nonsense: i },
  }))
  await db.transaction((tx) => tx.insert(outbox).values(rows))
  const journey = await publish(assent.api, { steps: [{ id: 'short', type: 'wait', for: '1 second' }] })
  const id = await startRunOf(assent.api, journey, await putPerson(assent.api))
  expect((await assent.runEnded(id)).state).toBe('completed')
  // Kept for an operator, tried again later and later, and named by the kind of error alone.
  const kept = await until('all to have been tried', async () => {
    const rows = await db
      .select()
      .from(outbox)
      .where(sql`${outbox.stream} like 'broken-%' and ${outbox.attempts} > 0`)
    return rows.length === 120 ? rows : null
  })
  expect(new Set(kept.map((row) => row.lastError))).toEqual(new Set(['ZodError']))
  await db.transaction((tx) => tx.delete(outbox).where(eq(outbox.stream, 'broken-0')))
})
