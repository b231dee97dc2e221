/** Deliveries that an Assent of before stored are read as they were: their decision to the byte, and their links with their scope. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { linkByToken, mailByHandle } from '../../db/reads/mailByHandle.ts'
import { decide } from '../../domain/consent/decide.ts'
import type { DecisionInput, Standing } from '../../domain/consent/types.ts'
import { canonicalBytes, textOf } from '../../domain/ledger/canonical.ts'
import { hashHandle, hashToken, linkToken, newHandle } from '../../domain/messages/handles.ts'
import { getDelivery, listDeliveries } from '../../views/deliveries.ts'
import { type OwnDatabase, ownDatabase } from '../harness/database.ts'

const none: Standing = { state: 'none', by: null, since: null, events: [], expiresAt: null, pending: false }
const point = '01a20e00-0000-7000-8000-000000000001'
const contact = '01a20e00-0000-7000-8000-000000000002'
const input: DecisionInput = {
  policyVersion: 1,
  now: '2026-11-23T08:15:30.000Z',
  channel: { key: 'email', known: true },
  contactPoint: { id: point, seq: 4 },
  purpose: {
    key: 'nouveautés',
    known: true,
    version: 3,
    profile: 'default',
    kind: 'commercial',
    enforcement: 'restrictive',
  },
  topic: { key: 'events', known: true },
  standing: {
    purpose: {
      state: 'opted-in',
      by: 'own',
      since: '2026-11-01T00:00:00.000Z',
      events: ['e1'],
      expiresAt: null,
      pending: true,
    },
    topic: { ...none, events: ['e2', 'e3'] },
  },
  suppressions: [{ id: 's1', kind: 'complained' }],
  tracking: {
    messageAllows: true,
    profileVersion: 2,
    purpose: null,
    default: 'track',
    standing: none,
  },
}
const ids = ['01a20e00-0000-7000-8000-00000000000a', '01a20e00-0000-7000-8000-00000000000b'] as const
const handle = newHandle()

let database: OwnDatabase
let sql: postgres.Sql
beforeAll(async () => {
  database = await ownDatabase()
  sql = postgres(database.url, { max: 1, onnotice: () => {} })
  await sql.unsafe('drop schema public cascade; create schema public')
  const folder = new URL('../../db/migrations/', import.meta.url)
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort()
  const apply = async (names: string[]) => {
    for (const name of names) {
      const text = await readFile(new URL(name, folder), 'utf8')
      await sql.begin((tx) => tx.unsafe(text))
    }
  }
  await sql`create table schema_migrations (name text primary key, sha256 text not null)`
  await apply(files.filter((name) => name < '0046'))
  const hash = Buffer.from(hashHandle(handle), 'hex')
  const decision = decide(input)
  await sql`insert into contacts (id, kind) values (${contact}, 'contact')`
  await sql`insert into contact_points (id, channel, address) values (${point}, 'email', 'p@example.com')`
  await sql`insert into profiles (key, version, definition) values ('default', 1, ${sql.json({
    name: 'Northpath',
    sender: { name: 'Northpath', email: 'hello@example.com' },
    postalAddress: '1 Example Street',
  })})`
  await sql`insert into purposes (key, version, profile, kind, definition) values ('nouveautés', 3, 'default', 'commercial', '{}')`
  for (const [index, id] of ids.entries()) {
    await sql`insert into deliveries (id, contact_id, contact_point_id, channel, message, message_version, purpose, topic, state, reason,
        decision, decision_input, handle_hash, tracks_clicks, created_at)
      values (${id}, ${contact}, ${point}, 'email', 'news', 5, 'nouveautés', 'events', ${index === 0 ? 'sent' : 'blocked'},
        ${index === 0 ? null : decision.reason}, ${sql.json(decision as never)}, ${sql.json(input as never)},
        ${index === 0 ? hash : null}, true, now())`
  }
  await sql`insert into links (token_hash, delivery_id, position, link, url, handle_hash)
    values (${Buffer.from(hashToken(linkToken(handle, 1)), 'hex')}, ${ids[0]}, 1, 'go', 'https://www.example.com/', null)`
  await apply(files.filter((name) => name >= '0046'))
})
afterAll(async () => {
  await sql.end()
  await database.drop()
})

it('the decision and its input are the same to the canonical byte', async () => {
  const { decision, decisionInput } = await getDelivery(drizzle(sql), ids[0])
  expect(textOf(canonicalBytes(decisionInput))).toBe(textOf(canonicalBytes(input)))
  expect(decision).toMatchObject(decide(input))
})

it('they share one frame, stored under the hash of its bytes', async () => {
  const [row, ...more] = await sql<{ hash: Buffer; frame: string }[]>`select * from decision_frames`
  expect(more).toEqual([])
  expect(
    createHash('sha256')
      .update(row?.frame ?? '')
      .digest(),
  ).toEqual(row?.hash)
})

it('are found in lists', async () => {
  const page = await listDeliveries(drizzle(sql), { state: 'blocked', message: 'news', limit: 50 })
  expect(page.items.map(({ id }) => id)).toEqual([ids[1]])
})

it('the links of a mail work with its scope, also where its delivery is gone', async () => {
  const scope = {
    deliveryId: ids[0],
    contactId: contact,
    contactPointId: point,
    purpose: 'nouveautés',
    topic: 'events',
    message: 'news',
  }
  for (const gone of [false, true]) {
    if (gone) await sql`delete from deliveries`
    expect((await mailByHandle(drizzle(sql), handle)).mail).toMatchObject(scope)
    expect(await linkByToken(drizzle(sql), linkToken(handle, 1))).toMatchObject({
      mail: scope,
      url: 'https://www.example.com/',
    })
  }
})
