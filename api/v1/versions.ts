/** Routes that read old versions: of each kind that has them a list, and one by its number. */
import { z } from 'zod'
import { keyShape } from '../../domain/shapes/primitives.ts'
import { getVersion, listVersions, type VersionedKind } from '../../views/definitionVersions.ts'
import { pageByVersion } from '../../views/page.ts'
import { listShape } from '../list.ts'
import { type Route, route } from '../routing.ts'

const byKey = z.object({ key: keyShape })
const byVersion = z.object({ key: keyShape, version: z.coerce.number().int().min(1).max(2_147_483_647) })
const view = z
  .object({
    version: z.number().int(),
    recordedAt: z.string().meta({ description: 'When it was put; for a journey, when it was published' }),
  })
  .meta({ id: 'Version' })

/** @param old the shape of one version, named in the OpenAPI document */
export function versionReaders(kind: VersionedKind, plural: string, tag: string, old: z.ZodType): Route[] {
  const name = kind.charAt(0).toUpperCase() + kind.slice(1)
  return [
    route({
      method: 'get',
      path: `/v1/${plural}/{key}/versions`,
      operationId: `list${name}Versions`,
      refuses: [`${kind}-not-found`, 'invalid-cursor'],
      tag,
      summary: `The versions of a ${kind}`,
      description:
        'A version is never changed or deleted, because past runs, deliveries and decisions refer to it.',
      scopes: ['journeys', 'read'],
      params: byKey,
      query: pageByVersion,
      responses: {
        200: { description: 'A page, newest first', schema: listShape(`${name}VersionList`, view) },
      },
      handle: async ({ params, query, deps }) => ({
        status: 200,
        body: await listVersions(deps.db, kind, params.key, query),
      }),
    }),
    route({
      method: 'get',
      path: `/v1/${plural}/{key}/versions/{version}`,
      operationId: `get${name}Version`,
      refuses: ['version-not-found'],
      tag,
      summary: `A ${kind} as it was in one version`,
      scopes: ['journeys', 'read'],
      params: byVersion,
      responses: { 200: { description: 'The definition', schema: old } },
      handle: async ({ params, deps }) => ({
        status: 200,
        body: await getVersion(deps.db, kind, params.key, params.version),
      }),
    }),
  ]
}

/** What is added to a definition that was put. */
export const versionFields = { key: z.string(), version: z.number().int(), recordedAt: z.string() }
