/**
 * What a trigger, a check and a delivery cost with many contacts in the database, beside a database that holds only the
 * contacts that are asked about. Both databases are on one server and were filled in the same way; rounds alternate.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import { z } from 'zod'
import { putBrand, trigger } from './brand.ts'
import { copyContacts } from './copies.ts'
import { load, requestOf } from './http.ts'
import type { Amounts } from './options.ts'
import { type Compared, compare, type Side } from './rounds.ts'
import { openSends, type Sends } from './sends.ts'
import type { BenchStack, Beside } from './stack.ts'

/** `ours` is the empty database, `theirs` the loaded one: the ratio is how many times as much things cost there. */
export type LoadedFigures = {
  contacts: number
  trigger: Compared
  check: Compared
  delivery: Compared
  storage: Storage
}

/** Of the deliveries in the loaded database. */
type Storage = {
  /** Bytes of a delivery, its indexes included; its links and mails as sent are not. */
  bytes: number
  /** Share of their updates that touched no index (HOT); null: there were none. */
  hot: number | null
}

type Filled = { beside: Beside; sends: Sends; persons: { externalId: string; email: string; id: string }[] }

/** The highest acceptable ratio of the cost to that of the empty database. */
export const mostLoaded = 1.3

export async function measureLoaded(
  stack: BenchStack,
  amounts: Amounts,
  say: (line: string) => void,
): Promise<LoadedFigures> {
  const { contacts, persons } = amounts.loaded
  const empty = await fill(stack, 'empty', persons, persons, say)
  const loaded = await fill(stack, 'loaded', contacts, persons, say)
  const both = async (what: string, sideOf: (filled: Filled) => Side['round']) => {
    say(what)
    return compare(
      { name: 'empty', round: sideOf(empty) },
      { name: `${contacts} contacts`, round: sideOf(loaded) },
      amounts.rounds,
      say,
    )
  }
  const costs = async () => ({
    check: await both('checks', (filled) => checks(filled, amounts)),
    trigger: await both('triggers', (filled) => triggerRound(filled, amounts)),
    delivery: await both('deliveries', (filled) => deliveries(filled, amounts)),
  })
  const measured = await costs().finally(() => Promise.all([empty.sends.close(), loaded.sends.close()]))
  return { contacts, ...measured, storage: await storageOf(loaded.beside.databaseUrl) }
}

/** @param persons of the contacts are asked about, spread over all of them */
async function fill(
  stack: BenchStack,
  name: string,
  contacts: number,
  persons: number,
  say: (line: string) => void,
): Promise<Filled> {
  const beside = await stack.startBeside(name)
  const { api } = beside
  await putBrand(api)
  const sends = openSends(beside.environment)
  await firstContact(beside, sends)
  await copyContacts(beside.databaseUrl, contacts, say)
  const sql = postgres(beside.databaseUrl, { max: 1 })
  const asked = Array.from({ length: persons }, (_, index) => Math.floor((index * contacts) / persons))
  const rows = await sql<{ id: string; externalId: string }[]>`
    select id, external_id as "externalId" from contacts where external_id = any(${asked.map((one) => `bench-${one}`)})`
  await sql.end()
  if (rows.length !== persons) throw new Error(`${rows.length} contacts were found, not ${persons}`)
  await verify(beside, `bench-${asked.at(-1)}@example.com`)
  return { beside, sends, persons: rows.map((row) => ({ ...row, email: `${row.externalId}@example.com` })) }
}

/** The contact that all others are copies of: it changed its mind, got two mails and placed an order. */
async function firstContact({ api }: Beside, sends: Sends): Promise<void> {
  const externalId = 'bench-0'
  const email = 'bench-0@example.com'
  const { id } = await api.call(
    'PUT',
    `/v1/contacts/${externalId}`,
    { email, attributes: { plan: 'basic' } },
    z.looseObject({ id: z.string() }),
  )
  for (const state of ['opted-in', 'opted-out', 'opted-in']) {
    await api.do('POST', '/v1/consents', {
      contactPoint: { channel: 'email', address: email },
      purpose: 'marketing',
      topic: 'newsletter',
      state,
      source: { kind: 'api' },
      circumstances: 'ticked the box of the sign-up form',
      notice: { id: 'sign-up', version: '1', language: 'en', wording: 'Yes, write to me.' },
    })
  }
  const first = await sends.begin(id)
  if (first.kind !== 'run') throw new Error('the first contact has no run')
  await sends.send(first)
  await sends.next(first.run).catch(() => {}) // It waits for the order now.
  await api.do('POST', `/v1/triggers/${trigger}`, { id: 'bench-0-order', contact: { externalId } })
  await sends.send(await sends.next(first.run))
  await sends.next(first.run).catch(() => {}) // It has ended.
}

/** The copies are as sound as the first. @throws Error where a ledger does not prove itself */
async function verify({ api }: Beside, address: string): Promise<void> {
  const shape = z.looseObject({ firstBreak: z.null(), events: z.literal(3) })
  await api.call('POST', '/v1/consents/verify', { contactPoint: { channel: 'email', address } }, shape)
}

function checks({ beside, persons }: Filled, { loaded, checks }: Amounts): Side['round'] {
  const requests = persons.map(({ email }) =>
    requestOf('POST', '/v1/consents/check', headersOf(beside), {
      contactPoint: { channel: 'email', address: email },
      purpose: 'marketing',
      topic: 'newsletter',
    }),
  )
  return () => load({ port: beside.port, requests, connections: checks.connections, time: loaded.time })
}

/** Each under an id of its own, so that none is a repetition. */
function triggerRound({ beside, persons }: Filled, { loaded, checks }: Amounts): Side['round'] {
  return () => {
    const requests = Array.from({ length: loaded.triggers }, (_, index) =>
      requestOf('POST', `/v1/triggers/${trigger}`, headersOf(beside), {
        id: randomUUID(),
        contact: { externalId: persons[index % persons.length]?.externalId },
        payload: { order: randomUUID(), total: 42.5 },
      }),
    )
    const { connections } = checks
    return load({ port: beside.port, requests, connections, time: 60_000, status: 202, once: true })
  }
}

/** Runs are begun outside the time that is measured. */
function deliveries({ sends, persons }: Filled, { loaded }: Amounts): Side['round'] {
  return async () => {
    const refs = await eachOf(persons.slice(0, loaded.deliveries), loaded.side, ({ id }) => sends.begin(id))
    const began = performance.now()
    await eachOf(refs, loaded.side, (ref) => sends.send(ref))
    return refs.length / ((performance.now() - began) / 1_000)
  }
}

/** So many at a time. */
async function eachOf<T, R>(all: readonly T[], side: number, work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let at = 0
  await Promise.all(
    Array.from({ length: side }, async () => {
      for (let one = all[at++]; one !== undefined; one = all[at++]) results.push(await work(one))
    }),
  )
  return results
}

function headersOf({ api }: Beside): Record<string, string> {
  return { Authorization: `Bearer ${api.key}` }
}

/**
 * Only sends update deliveries here, so the counts since the beginning are theirs. Closed connections have reported all
 * of them.
 */
async function storageOf(url: string): Promise<Storage> {
  await pause(1_000)
  const sql = postgres(url, { max: 1 })
  try {
    const [size] = await sql<{ bytes: number }[]>`
      select sum(pg_total_relation_size(oid)) / (select count(*) from deliveries)::float8 as bytes
      from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
        and relname like 'deliver%' and relname <> 'delivery_contents'`
    const [made] = await sql<{ updates: number; hot: number }[]>`
      select sum(n_tup_upd)::int as updates, sum(n_tup_hot_upd)::int as hot from pg_stat_user_tables
      where relname like 'deliver%'`
    const hot = made === undefined || made.updates === 0 ? null : made.hot / made.updates
    return { bytes: Math.round(size?.bytes ?? 0), hot }
  } finally {
    await sql.end()
  }
}
