/**
 * Bearer keys (RFC 6750): one admin key may come from the environment; all others are rows that store only the key's
 * hash.
 */
import { hash, timingSafeEqual } from 'node:crypto'
import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import type { Db } from '../db/connect.ts'
import { apiKeys } from '../db/schema/access.ts'
import { Strikes } from '../domain/limits/strikes.ts'
import { Refusal } from '../domain/refusal.ts'
import { type Caller, scopeShape } from './scopes.ts'

/**
 * @param networkOf gives the network against which a wrong key is counted (`clientNetwork`); not called for the key
 *   from the environment
 */
export type Authenticate = (authorization: string | undefined, networkOf: () => string) => Promise<Caller>

/** Wrong keys that one network may send, and how many of them decay per second. */
const wrongKeys = { burst: 60, perSecond: 1 }

/** Valid keys in the cache: they keep working if other callers behind the same address send wrong keys. */
const goodKeysKept = 1_000

const seconds = (): number => performance.now() / 1000

/** Puts the name last, and removes the first one if there are too many. */
function keepLatest(names: Set<string>, name: string): void {
  names.delete(name)
  names.add(name)
  const [first] = names
  if (names.size > goodKeysKept && first !== undefined) names.delete(first)
}

/** SHA-256 of a key: keys are random and long, so nothing slower is needed. */
export function hashKey(key: string): Buffer {
  return hash('sha256', key, 'buffer')
}

/** @param given the key of ASSENT_API_KEY, if set */
export function authenticator(db: Db, given: string | undefined): Authenticate {
  const admin = given === undefined ? null : hashKey(given)
  const strikes = new Strikes(wrongKeys)
  const good = new Set<string>()
  return async (authorization, networkOf) => {
    const key = /^Bearer +([\x21-\x7e]{1,200}) *$/i.exec(authorization ?? '')?.[1]
    if (key === undefined) {
      throw new Refusal('key-missing', 'Send an API key in the header: Authorization: Bearer <key>.')
    }
    const hashed = hashKey(key)
    if (admin !== null && timingSafeEqual(admin, hashed)) return { id: 'environment', scopes: ['admin'] }
    const name = hashed.toString('hex')
    const network = networkOf()
    const wait = good.has(name) ? 0 : strikes.wait(network, seconds())
    if (wait > 0) {
      throw new Refusal(
        'too-many-wrong-keys',
        'Too many wrong keys came from this network address. Wait, then send a valid key.',
        { retryAfter: wait },
      )
    }
    const [row] = await db
      .select()
      .from(apiKeys)
      .where(and(eq(apiKeys.hash, hashed), isNull(apiKeys.revokedAt), eq(apiKeys.public, false)))
    if (row === undefined) {
      good.delete(name)
      strikes.add(network, seconds())
      throw new Refusal(
        'key-unknown',
        'There is no such API key. An administrator makes one with POST /v1/keys.',
      )
    }
    keepLatest(good, name)
    return { id: row.id, scopes: z.array(scopeShape).parse(row.scopes) }
  }
}
