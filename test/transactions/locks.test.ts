/** Locks are values: only `locks.ts` makes them, they belong to one transaction, and they are taken in one order. */
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { pipelined } from '../../db/pipelined.ts'
import { contactPoints } from '../../db/schema/contacts.ts'
import { outbox } from '../../db/schema/triggers.ts'
import { appendEvents } from '../../transactions/ledger/appendEvents.ts'
import { LockOrderError } from '../../transactions/lockOrder.ts'
import {
  type ContactPointRow,
  changed,
  contactLock,
  contactPointLock,
  deliveryLock,
  insertContact,
  type Locked,
  type LockedContactPoint,
  lockContact,
  lockContactPoint,
  lockContactPoints,
  lockDefinition,
  lockDelivery,
  lockIdentity,
  lockOpenRuns,
  lockRun,
  lockRunWithContact,
  NotLocked,
  requireLock,
  runLocks,
} from '../../transactions/locks.ts'
import { type Assent, startAssent } from '../harness/assent.ts'
import { publish, putBrand, putPerson, startRunOf } from '../harness/fixtures.ts'

let assent: Assent
let contactId: string
let pointId: string
let runs: string[]
beforeAll(async () => {
  assent = await startAssent({ worker: false })
  const { api, deps } = assent
  await putBrand(api)
  const journey = await publish(api, {
    reentry: 'always',
    steps: [
      { id: 'ordered', type: 'waitFor', timeout: '1 day', events: [{ trigger: 'order.placed', steps: [] }] },
    ],
  })
  const person = await putPerson(api)
  contactId = person.id
  const [point] = await deps.db.select().from(contactPoints).where(eq(contactPoints.address, person.email))
  pointId = point?.id ?? ''
  runs = [await startRunOf(api, journey, person), await startRunOf(api, journey, person)].toSorted()
})
afterAll(() => assent.stop())

const inTransaction = <T>(work: (tx: Db) => Promise<T>): Promise<T> => assent.deps.db.transaction(work)

async function twoPoints(): Promise<[lower: string, higher: string]> {
  const ids = [newId(), newId()].toSorted()
  await inTransaction((tx) =>
    tx
      .insert(contactPoints)
      .values(ids.map((id) => ({ id, channel: 'email', address: `${id}@example.com` }))),
  )
  const [lower = '', higher = ''] = ids
  return [lower, higher]
}

describe('a lock before one that the transaction already has', () => {
  type Take = (tx: Db) => Promise<unknown>
  const identity: Take = (tx) => lockIdentity(tx, { externalId: newId(), addresses: new Map() })
  const contact: Take = (tx) => lockContact(tx, contactId)
  const run: Take = (tx) => lockRun(tx, runs[0] ?? '')
  const withContact: Take = (tx) => lockRunWithContact(tx, runs[0] ?? '')
  const point: Take = (tx) => lockContactPoint(tx, pointId)
  const delivery: Take = (tx) => lockDelivery(tx, newId())
  const definition: Take = (tx) => lockDefinition(tx, 'message', 'locks')

  const inOrder: [string, Take][] = [
    ['definition', definition],
    ['identity', identity],
    ['contact', contact],
    ['run', run],
    ['contact-point', point],
    ['delivery', delivery],
  ]
  const wrong = inOrder.flatMap(([later, takeLater], index) =>
    inOrder.slice(0, index).map(([earlier, takeEarlier]) => ({ later, takeLater, earlier, takeEarlier })),
  )

  it.each(wrong)('is refused: a $earlier after a $later', async ({ takeLater, takeEarlier }) => {
    const failing = inTransaction(async (tx) => {
      await takeLater(tx)
      await takeEarlier(tx)
    })
    await expect(failing).rejects.toThrow(LockOrderError)
  })

  it('is refused where the run names the contact', async () => {
    const failing = inTransaction(async (tx) => {
      await run(tx)
      await withContact(tx)
    })
    await expect(failing).rejects.toThrow(LockOrderError)
  })

  it('is refused inside one round trip, and nothing of it is sent', async () => {
    const stream = newId()
    await inTransaction(async (tx) => {
      await tx.insert(outbox).values({ stream, kind: 'signal', body: {}, lane: 3 })
      const failing = pipelined(tx, [deliveryLock(newId()), contactLock(contactId)])
      await expect(failing).rejects.toThrow(LockOrderError)
      await tx.delete(outbox).where(eq(outbox.stream, stream))
    })
  })

  it('all of them in their order are taken', async () => {
    await inTransaction(async (tx) => {
      for (const [, take] of inOrder) await take(tx)
    })
    await inTransaction(async (tx) => {
      await withContact(tx)
      await pipelined(tx, [contactPointLock(pointId), deliveryLock(newId())])
    })
  })

  it('is a lock of its own in each transaction', async () => {
    await inTransaction(point)
    await inTransaction(contact)
  })
})

describe('several locks of one kind', () => {
  it('are taken in the order of their ids, whatever the order in which they are named', async () => {
    const [lower, higher] = await twoPoints()
    await inTransaction(async (tx) => {
      const points = await lockContactPoints(tx, [higher, lower, higher])
      expect(points.map(({ id }) => id)).toEqual([lower, higher])
    })
  })

  it('are refused one after the other in another order', async () => {
    const [lower, higher] = await twoPoints()
    await inTransaction(async (tx) => {
      await lockContactPoint(tx, higher)
      await expect(lockContactPoint(tx, lower)).rejects.toThrow(LockOrderError)
    })
  })

  it('are taken again without harm, since that cannot wait', async () => {
    const [lower, higher] = await twoPoints()
    await inTransaction(async (tx) => {
      await lockContactPoints(tx, [lower, higher])
      await lockContactPoint(tx, lower.toUpperCase())
      await lockContact(tx, contactId).catch((error) => expect(error).toBeInstanceOf(LockOrderError))
    })
  })

  it('of runs: all at once may be followed by any of them', async () => {
    await inTransaction(async (tx) => {
      const contact = await lockContact(tx, contactId)
      await lockOpenRuns(tx, contact)
      await lockContactPoint(tx, pointId)
      expect(runLocks(tx, runs)).toBeNull()
      await lockRun(tx, runs[0] ?? '')
    })
  })

  it('of runs are asked for only where the transaction does not have them yet', async () => {
    await inTransaction(async (tx) => {
      await lockRun(tx, runs[0] ?? '')
      await runLocks(tx, runs)?.run(tx)
      expect(runLocks(tx, runs)).toBeNull()
    })
  })
})

it('a row that the transaction inserted is locked, also after later locks', async () => {
  const id = newId()
  await inTransaction(async (tx) => {
    await lockContactPoint(tx, pointId)
    const contact = await insertContact(tx, { id, externalId: `c-${id}`, kind: 'contact' })
    requireLock(tx, contact)
    expect(await lockContact(tx, id)).toEqual(contact)
  })
})

it('a row is locked until its transaction ends', async () => {
  const waits = await inTransaction(async (tx) => {
    await lockContactPoint(tx, pointId)
    return inTransaction((other) =>
      other.execute(sql`select id from contact_points where id = ${pointId} for no key update nowait`),
    ).then(
      () => false,
      () => true,
    )
  })
  expect(waits).toBe(true)
})

describe('a locked value', () => {
  it('belongs to its transaction: another one refuses it', async () => {
    const kept: LockedContactPoint[] = []
    await inTransaction(async (tx) => {
      kept.push(await lockContactPoint(tx, pointId))
    })
    const [point] = kept
    if (point === undefined) throw new Error('there is no contact point')
    await inTransaction(async (tx) => {
      expect(() => requireLock(tx, point)).toThrow(NotLocked)
      await expect(appendEvents(tx, assent.deps, point, [])).rejects.toThrow(NotLocked)
    })
  })

  it('stays one with the changes that its transaction makes', async () => {
    await inTransaction(async (tx) => {
      const point = await lockContactPoint(tx, pointId)
      const next = changed(tx, point, { headSeq: point.headSeq + 1 })
      requireLock(tx, next)
      expect(next).toEqual({ ...point, headSeq: point.headSeq + 1 })
    })
  })

  it('cannot be made by types alone, nor by a copy', async () => {
    const row = (await assent.deps.db.select().from(contactPoints).limit(1))[0]
    if (row === undefined) throw new Error('there is no contact point')
    const needs = (lock: Locked<ContactPointRow>) => lock.id
    // @ts-expect-error a plain row is not locked
    expect(needs(row)).toBe(row.id)
    await inTransaction(async (tx) => {
      const point = await lockContactPoint(tx, pointId)
      // @ts-expect-error a copy is a plain row
      expect(needs({ ...point })).toBe(point.id)
      // @ts-expect-error its columns are read-only: a change goes to the database, and through `changed`
      point.headSeq = point.headSeq + 0
      const copy: unknown = { ...point }
      expect(() => requireLock(tx, copy as never)).toThrow()
    })
  })
})
