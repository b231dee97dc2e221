/** Bearer keys (RFC 6750): one admin key may come from outside, all others are rows, of which only the hash is stored. */
import { hash, timingSafeEqual } from 'node:crypto'
import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import type { Db } from '../db/connect.ts'
import { apiKeys } from '../db/schema/access.ts'
import { Refusal } from '../domain/refusal.ts'
import { type Caller, scopeShape } from './scopes.ts'

export type Authenticate = (authorization: string | undefined) => Promise<Caller>

/** SHA-256 of a key: keys are random and long, so nothing slower is needed. */
export function hashKey(key: string): Buffer {
  return hash('sha256', key, 'buffer')
}

/** @param given the key of ASSENT_API_KEY, if set */
export function authenticator(db: Db, given: string | undefined): Authenticate {
  const admin = given === undefined ? null : hashKey(given)
  return async (authorization) => {
    const key = /^Bearer +([\x21-\x7e]{1,200}) *$/i.exec(authorization ?? '')?.[1]
    if (key === undefined) throw new Refusal('unauthorised', 'send a key: Authorization: Bearer …')
    const hashed = hashKey(key)
    if (admin !== null && timingSafeEqual(admin, hashed)) return { id: 'environment', scopes: ['admin'] }
    const [row] = await db
      .select()
      .from(apiKeys)
      .where(and(eq(apiKeys.hash, hashed), isNull(apiKeys.revokedAt), eq(apiKeys.public, false)))
    if (row === undefined) throw new Refusal('unauthorised', 'this key is not known')
    return { id: row.id, scopes: z.array(scopeShape).parse(row.scopes) }
  }
}
