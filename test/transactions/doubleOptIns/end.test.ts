/** The end of a request for double opt-in: what is asked, mailed or confirmed after it, also where nobody has recorded it yet. */
import { randomBytes } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareDelivery } from '../../../activities/prepare.ts'
import { doubleOptIns } from '../../../db/schema/doubleOptIns.ts'
import { consentEvents } from '../../../db/schema/ledger.ts'
import { claimDelivery } from '../../../transactions/deliveries/claimDelivery.ts'
import { assessDelivery, readDraft } from '../../../transactions/deliveries/origin.ts'
import { settleDelivery } from '../../../transactions/deliveries/settleDelivery.ts'
import { type Assent, startAssent } from '../../harness/assent.ts'
import { idOf } from '../../harness/client.ts'
import { type Person, putBrand, putPerson } from '../../harness/fixtures.ts'
import { linkIn, mailsArrived } from '../../harness/mailbox.ts'
import { refOfMail } from '../../harness/refs.ts'

let assent: Assent
/** Without a worker: the steps of its workflows are taken here by hand. */
let still: Assent
beforeAll(async () => {
  assent = await startAssent()
  still = await startAssent({ worker: false })
  await putBrand(assent.api)
  await putBrand(still.api)
})
afterAll(async () => {
  await still.stop()
  await assent.stop()
})

async function request(of: Assent, person: Person, grants: object[] = [newsletter]): Promise<string> {
  const contactPoint = { channel: 'email', address: person.email }
  const body = { contactPoint, grants, circumstances: 'footer form' }
  return (await of.api.ok('POST', '/v1/double-opt-ins', body, idOf)).id
}
const newsletter = { purpose: 'marketing', topic: 'newsletter' }

/** Its time is over; nobody has recorded that yet. */
async function letEnd(of: Assent, id: string): Promise<void> {
  await of.deps.db.transaction((tx) =>
    tx
      .update(doubleOptIns)
      .set({ expiresAt: sql`clock_timestamp() - interval '1 second'` })
      .where(eq(doubleOptIns.id, id)),
  )
}

async function stateOf(of: Assent, id: string): Promise<unknown> {
  const [row] = await of.deps.db.select().from(doubleOptIns).where(eq(doubleOptIns.id, id))
  return row?.state
}

describe('a request past its end', () => {
  it('asked again, expires first; then a new request begins, with a mail of its own that confirms', async () => {
    const person = await putPerson(assent.api)
    const first = await request(assent, person)
    const [old] = await mailsArrived(person.email, 1)
    await letEnd(assent, first)

    const second = await request(assent, person)
    expect(second).not.toBe(first)
    expect([await stateOf(assent, first), await stateOf(assent, second)]).toEqual(['expired', 'pending'])
    const said = await assent.deps.db
      .select({ kind: consentEvents.kind, request: consentEvents.doubleOptIn })
      .from(consentEvents)
      .where(sql`${consentEvents.doubleOptIn} in (${first}, ${second})`)
      .orderBy(consentEvents.seq)
    expect(said).toEqual([
      { kind: 'pending', request: first },
      { kind: 'pending-ended', request: first },
      { kind: 'pending', request: second },
    ])
    expect(await assent.workflowResult(first)).toMatchObject({ state: 'expired' })

    const mails = await mailsArrived(person.email, 2)
    const links = mails.map((mail) => linkIn(mail, '/confirm/'))
    const fresh = links.find((link) => old === undefined || link !== linkIn(old, '/confirm/'))
    if (fresh === undefined) throw new Error('the second mail brings no link of its own')
    await fetch(fresh, { method: 'POST' })
    expect(await assent.workflowResult(second)).toMatchObject({ state: 'confirmed' })
    expect(await stateOf(assent, first)).toBe('expired')
  })

  it('cannot be confirmed: the click records the end', async () => {
    const person = await putPerson(assent.api)
    const id = await request(assent, person)
    const [mail] = await mailsArrived(person.email, 1)
    if (mail === undefined) throw new Error('no mail')
    await letEnd(assent, id)
    await fetch(linkIn(mail, '/confirm/'), { method: 'POST' })
    expect(await stateOf(assent, id)).toBe('expired')
  })
})

describe('no confirmation mail leaves after the end of its request', () => {
  const now = () => new Date().toISOString()
  const refOf = (id: string) => refOfMail(still.deps, id, 1)

  async function rendered(id: string) {
    const { assessment, content } = await readDraft(still.deps, still.deps.db, await refOf(id))
    return (await prepareDelivery(still.means, assessment, content)).rendering
  }

  it('nor one that was rendered before it: the claim looks under its lock', async () => {
    const id = await request(still, await putPerson(still.api))
    const rendering = await rendered(id)
    await letEnd(still, id)
    expect(await claimDelivery(still.deps, rendering, now())).toMatchObject({
      kind: 'settled',
      delivery: { state: 'cancelled', reason: 'expired' },
    })
  })

  it('nor one that was held before it and is tried again', async () => {
    const id = await request(still, await putPerson(still.api))
    const claim = await claimDelivery(still.deps, await rendered(id), now())
    if (claim.kind !== 'claimed') throw new Error(claim.kind)
    const lost = { kind: 'not-handed-over', cause: 'gone' } as const
    expect(await settleDelivery(still.deps, claim, lost, now())).toMatchObject({ state: 'held' })
    const again = await rendered(id)
    await letEnd(still, id)
    expect(await claimDelivery(still.deps, again, now())).toMatchObject({
      kind: 'settled',
      delivery: { state: 'cancelled', reason: 'expired', attempt: 1 },
    })
  })

  it('nor is one decided on', async () => {
    const id = await request(still, await putPerson(still.api))
    await letEnd(still, id)
    const { origin } = await assessDelivery(still.deps, still.deps.db, await refOf(id))
    expect(origin.ended).toEqual({ state: 'exited', reason: 'expired' })
  })
})

it('a pending request whose workflow is gone gets it back when it is asked again', async () => {
  const person = await putPerson(assent.api)
  const id = await request(assent, person)
  await mailsArrived(person.email, 1)
  const handle = await assent.workflow(id)
  await handle.terminate('an operator')
  expect(await request(assent, person)).toBe(id)
  await mailsArrived(person.email, 2)
  expect((await handle.describe()).status.name).toBe('RUNNING')
  // While it runs, nothing is started beside it.
  const { runId } = await handle.describe()
  expect(await request(assent, person)).toBe(id)
  await mailsArrived(person.email, 3)
  expect((await handle.describe()).runId).toBe(runId)
})

it('twenty long topics are one request, found again by all of them', async () => {
  const key = () => randomBytes(50).toString('hex')
  const all = Array.from({ length: 20 }, () => ({ purpose: key(), topic: key() }))
  for (const { purpose, topic } of all) {
    await still.api.put(`/v1/purposes/${purpose}`, {
      name: 'Long',
      description: 'Named by a long key',
      kind: 'commercial',
      topics: [{ key: topic, name: 'Long', description: 'Too' }],
    })
  }
  const person = await putPerson(still.api)
  const id = await request(still, person, all)
  expect(await request(still, person, all.toReversed())).toBe(id)
  expect(await request(still, person, all.slice(1))).not.toBe(id)
})
