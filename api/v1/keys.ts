/** API keys: shown once, stored hashed. */
import { randomBytes } from 'node:crypto'
import { and, desc, eq, isNull, lt } from 'drizzle-orm'
import { z } from 'zod'
import { newId } from '../../db/ids.ts'
import { apiKeys } from '../../db/schema/access.ts'
import { notFound } from '../../domain/refusal.ts'
import { idShape, textShape } from '../../domain/shapes/primitives.ts'
import { pageById, pageOf } from '../../views/page.ts'
import { hashKey } from '../authenticate.ts'
import { listShape } from '../list.ts'
import { type Route, route } from '../routing.ts'
import { scopeShape } from '../scopes.ts'

const keyView = z
  .object({
    id: z.uuid(),
    name: z.string(),
    scopes: z.array(scopeShape),
    createdAt: z.string(),
    revokedAt: z.string().nullable(),
  })
  .meta({ id: 'ApiKey', description: 'An API key, without the key itself' })

export const keyRoutes: Route[] = [
  route({
    method: 'post',
    path: '/v1/keys',
    operationId: 'createKey',
    tag: 'Keys',
    summary: 'Make an API key; only this answer contains it',
    scopes: ['admin'],
    creates: true,
    body: z
      .strictObject({ name: textShape(200), scopes: z.array(scopeShape).min(1).max(7) })
      .meta({ id: 'CreateKeyRequest' }),
    responses: {
      201: {
        description: 'Made',
        schema: z
          .object({
            id: z.uuid(),
            name: z.string(),
            key: z
              .string()
              .nullable()
              .meta({ description: 'Null if the request was repeated with the same Idempotency-Key' }),
          })
          .meta({ id: 'CreatedKey', description: 'The key; no later answer contains it' }),
      },
    },
    handle: async ({ body, deps }) => {
      const id = newId()
      const key = `assent_${randomBytes(32).toString('base64url')}`
      await deps.db.transaction((tx) =>
        tx.insert(apiKeys).values({ id, name: body.name, hash: hashKey(key), scopes: body.scopes }),
      )
      // The key is not stored, so a repeated request gets the same answer without it.
      const made = { id, name: body.name }
      return { status: 201, body: { ...made, key }, remembered: { ...made, key: null } }
    },
  }),
  route({
    method: 'get',
    path: '/v1/keys',
    operationId: 'listKeys',
    refuses: ['invalid-cursor'],
    tag: 'Keys',
    summary: 'All API keys, without the keys themselves',
    scopes: ['admin'],
    query: pageById,
    responses: { 200: { description: 'A page, newest first', schema: listShape('KeyList', keyView) } },
    handle: async ({ query, deps }) => {
      const rows = await deps.db
        .select()
        .from(apiKeys)
        .where(query.after === undefined ? undefined : lt(apiKeys.id, query.after))
        .orderBy(desc(apiKeys.id))
        .limit(query.limit + 1)
      const page = pageOf(
        rows,
        query.limit,
        ({ id, name, scopes, createdAt, revokedAt }) => ({ id, name, scopes, createdAt, revokedAt }),
        (row) => row.id,
      )
      return { status: 200, body: page }
    },
  }),
  route({
    method: 'delete',
    path: '/v1/keys/{id}',
    operationId: 'revokeKey',
    refuses: ['key-not-found'],
    tag: 'Keys',
    summary: 'Revoke a key at once',
    scopes: ['admin'],
    params: z.object({ id: idShape }),
    responses: { 204: { description: 'Revoked' } },
    handle: async ({ params, deps }) => {
      const revoked = await deps.db.transaction((tx) =>
        tx
          .update(apiKeys)
          .set({ revokedAt: new Date().toISOString() })
          .where(and(eq(apiKeys.id, params.id), isNull(apiKeys.revokedAt)))
          .returning({ id: apiKeys.id }),
      )
      if (revoked.length === 0) throw notFound('key', params.id)
      return { status: 204 }
    },
  }),
]
