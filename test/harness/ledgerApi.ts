/** The ledger's routes over a database of their own, without engine and mailbox; and an owner's connection, to tamper with. */
import { createServer } from 'node:http'
import express from 'express'
import { pino } from 'pino'
import postgres from 'postgres'
import { z } from 'zod'
import { authenticator } from '../../api/authenticate.ts'
import { problems } from '../../api/problems.ts'
import { mountRoutes } from '../../api/routing.ts'
import { consentRoutes } from '../../api/v1/consents.ts'
import { contactRoutes } from '../../api/v1/contacts.ts'
import { definitionRoutes } from '../../api/v1/definitions.ts'
import { doubleOptInRoutes } from '../../api/v1/doubleOptIns.ts'
import { keyRoutes } from '../../api/v1/keys.ts'
import { suppressionRoutes } from '../../api/v1/suppressions.ts'
import { databaseNow } from '../../db/clock.ts'
import { connect } from '../../db/connect.ts'
import { Versions } from '../../db/reads/versions.ts'
import { parseDataKeys } from '../../domain/ledger/keyring.ts'
import { Threads } from '../../threads/pool.ts'
import type { Deps } from '../../transactions/deps.ts'
import { type Appended, appendEvents, type NewEvent } from '../../transactions/ledger/appendEvents.ts'
import { lockContactPoint } from '../../transactions/locks.ts'
import { ApiClient } from './client.ts'
import { ownDatabase } from './database.ts'
import { Declared } from './declared.ts'
import { putBrand } from './fixtures.ts'
import { testKeys } from './keys.ts'

export type LedgerApi = {
  api: ApiClient
  deps: Deps
  /** The database's owner, a superuser. */
  owner: postgres.Sql
  /** Changes what nobody can change: past triggers and foreign keys. */
  tamper(statement: string): Promise<void>
  /** A moment of the database's clock that lies after all that is recorded, and before all that will be. */
  between(): Promise<string>
  /** Appends to a contact point's chain as our own surfaces do. */
  append(contactPoint: string, ...statements: NewEvent[]): Promise<Appended>
  /** What was logged so far: one line of JSON each. */
  logged: readonly string[]
  stop(): Promise<void>
}

export async function startLedgerApi(): Promise<LedgerApi> {
  const database = await ownDatabase()
  const pool = connect(database.url)
  const owner = postgres(database.url, { max: 1, onnotice: () => {} })
  const logged: string[] = []
  const threads = new Threads({ size: 2 })
  const deps: Deps = {
    db: pool.db,
    versions: new Versions(),
    threads,
    dataKeys: parseDataKeys(testKeys.ASSENT_DATA_KEYS),
    channels: new Set(['email']),
    checkSender: async () => [],
    log: pino({ level: 'debug' }, { write: (line: string) => logged.push(line) }),
  }
  const app = express()
  app.set('query parser', 'simple')
  const routes = [
    ...definitionRoutes,
    ...consentRoutes,
    ...contactRoutes,
    ...doubleOptInRoutes,
    ...suppressionRoutes,
    ...keyRoutes,
  ]
  mountRoutes(app, routes, {
    deps,
    authenticate: authenticator(deps.db, testKeys.ASSENT_API_KEY),
    publicUrl: 'http://assent.test',
    afterCommit: () => {},
  })
  app.use(problems(pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' }), 'http://assent.test'))
  const declared = new Declared()
  const server = createServer(declared.watch(app))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const api = new ApiClient(`http://127.0.0.1:${address.port}`, testKeys.ASSENT_API_KEY)
  await putBrand(api)
  return {
    api,
    deps,
    owner,
    logged,
    tamper: async (statement) => {
      await owner.begin(async (tx) => {
        await tx.unsafe('set local session_replication_role = replica')
        await tx.unsafe(statement)
      })
    },
    between: async () => {
      const first = Date.parse(await later(deps, 0))
      const moment = await later(deps, first + 2)
      await later(deps, Date.parse(moment) + 2)
      return moment
    },
    append: (contactPoint, ...statements) =>
      deps.db.transaction(async (tx) =>
        appendEvents(tx, deps, await lockContactPoint(tx, contactPoint), statements),
      ),
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await owner.end()
      await threads.close()
      await pool.close()
      await database.drop()
      declared.check()
    },
  }
}

/** The database's time, once it is at least this. */
async function later(deps: Deps, least: number): Promise<string> {
  for (;;) {
    const now = await databaseNow(deps.db)
    if (Date.parse(now) >= least) return now
  }
}

export const consentShape = z.object({
  id: z.string(),
  contactPoint: z.object({ id: z.string(), channel: z.string() }).transform(({ id }) => id),
  seq: z.number(),
  purpose: z.string(),
  topic: z.string().nullable(),
  state: z.string(),
  occurredAt: z.string(),
  recordedAt: z.string(),
  flags: z.array(z.string()),
  hash: z.string().length(64),
  previousHash: z.string().length(64),
})
export type Stated = z.output<typeof consentShape>

export const problemShape = z.looseObject({
  status: z.number(),
  detail: z.string(),
  errors: z.array(z.looseObject({ pointer: z.string(), message: z.string() })),
})

export const statesShape = z.object({
  contactPoint: z.object({ channel: z.string(), address: z.string(), id: z.string().nullable() }),
  states: z.array(
    z.strictObject({
      purpose: z.string(),
      topic: z.string().nullable(),
      state: z.string(),
      pending: z.literal(true).optional(),
      since: z.string().nullable(),
      event: z.string().nullable(),
      expiresAt: z.string().optional(),
    }),
  ),
})

export const decisionShape = z.looseObject({
  verdict: z.string(),
  reason: z.string(),
  explanation: z.string().min(10),
  tracking: z.object({ allowed: z.boolean(), reason: z.string(), explanation: z.string().min(10) }),
  basis: z.array(z.string()),
  inputs: z.looseObject({ now: z.string() }),
})

/** A statement about an address, as a system posts it; an opt-in comes with its proof. */
export function said(
  address: string,
  state: 'opted-in' | 'opted-out',
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  const proof = {
    circumstances: 'ticked the box of the sign-up form',
    notice: { id: 'sign-up', version: '1', language: 'en', wording: 'Yes, write to me.' },
  }
  return {
    contactPoint: { channel: 'email', address },
    purpose: 'marketing',
    state,
    source: { kind: 'api' },
    ...(state === 'opted-in' ? proof : {}),
    ...more,
  }
}

/** Posts a statement that must be recorded. */
export function state(
  api: ApiClient,
  address: string,
  how: 'opted-in' | 'opted-out',
  more: Record<string, unknown> = {},
): Promise<Stated> {
  return api.ok('POST', '/v1/consents', said(address, how, more), consentShape)
}

/** What may be sent to an address. */
export function check(
  api: ApiClient,
  address: string,
  more: Record<string, unknown> = {},
): Promise<z.output<typeof decisionShape>> {
  const body = { contactPoint: { channel: 'email', address }, purpose: 'marketing', ...more }
  return api.ok('POST', '/v1/consents/check', body, decisionShape)
}

/** The one state of a purpose or topic, now or in a view. */
export async function standingOf(
  api: ApiClient,
  address: string,
  purpose: string,
  topic: string | null = null,
  view: Record<string, string> = {},
): Promise<string> {
  const query = new URLSearchParams({ channel: 'email', address, ...view })
  const { states } = await api.ok('GET', `/v1/consents?${query}`, undefined, statesShape)
  const found = states.filter((one) => one.purpose === purpose && one.topic === topic)
  return (
    found.map((one) => `${one.state}${one.pending === true ? ', pending' : ''}`).join(' and ') || 'not listed'
  )
}

/** The changes of consent in the outbox of a contact point, in their order: `+purpose/topic` granted, `-purpose/topic` withdrawn. */
export async function announcedTo(ledger: LedgerApi, contactPoint: string): Promise<string[]> {
  const rows = await ledger.owner<{ stream: string; body: unknown }[]>`
    select stream, body from outbox where kind = 'trigger' and body->>'contactPoint' = ${contactPoint}
      and body->>'name' like 'consent.%' order by id`
  return rows.map(({ stream, body }) => {
    // One stream a contact point: so nobody hears of them in another order.
    if (stream !== `point:${contactPoint}`) throw new Error(`another stream: ${stream}`)
    const { name, payload } = announcement.parse(body)
    const { purpose, topic } = payload
    return `${name === 'consent.granted' ? '+' : '-'}${purpose}${topic === null ? '' : `/${topic}`}`
  })
}

const announcement = z.object({
  name: z.enum(['consent.granted', 'consent.withdrawn']),
  payload: z.object({ purpose: z.string(), topic: z.string().nullable() }),
})
