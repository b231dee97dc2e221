/**
 * Read-only members of a `GET` that a `PUT` sends back. They are accepted if they are unchanged (`domain/readBack.ts`). So a caller that
 * reads, changes and puts a definition learns if another caller changed it in between.
 *
 * Lock: the advisory one by kind and key, which every `PUT` of the kind takes.
 */
import { eq } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { type DefinitionKind, findDefinition } from '../../db/reads/definitions.ts'
import { journeys } from '../../db/schema/journeys.ts'
import { type ReadBack, refuseReadBack } from '../../domain/readBack.ts'
import { sameJson } from '../../domain/sameJson.ts'
import { lockDefinition } from '../locks.ts'

/** The read-only members of a definition. Triggers have a `name` too, journeys a `publishedVersion` in place of a version. */
export type DefinitionReadBack = {
  key?: string | undefined
  name?: string | undefined
  version?: number | undefined
  publishedVersion?: number | null | undefined
  updatedAt?: string | undefined
}

/**
 * The first thing in the transaction that puts the definition.
 * @throws Refusal invalid (`read-only`), with a pointer for each member that differs
 */
export async function refuseOther(
  tx: Db,
  kind: DefinitionKind | 'journey',
  key: string,
  definition: object,
  said: DefinitionReadBack,
): Promise<void> {
  if (Object.values(said).every((member) => member === undefined)) return
  await lockDefinition(tx, kind, key)
  const stored = kind === 'journey' ? await storedJourney(tx, key) : await storedDefinition(tx, kind, key)
  const members: ReadBack[] = [
    { pointer: '/key', said: said.key, stored: key, kind: 'name' },
    { pointer: '/name', said: said.name, stored: key, kind: 'name' },
    { pointer: '/version', said: said.version, stored: stored?.version, kind: 'state' },
    {
      pointer: '/publishedVersion',
      said: said.publishedVersion,
      stored: stored?.publishedVersion,
      kind: 'part',
    },
    { pointer: '/updatedAt', said: said.updatedAt, stored: stored?.updatedAt, kind: 'state' },
  ]
  refuseReadBack(members, stored !== null && sameJson(stored.definition, definition))
}

type Stored = {
  definition: object
  version?: number
  publishedVersion?: number | null
  updatedAt: string
}

async function storedDefinition(tx: Db, kind: DefinitionKind, key: string): Promise<Stored | null> {
  return (await findDefinition(tx, kind, key)) ?? null
}

async function storedJourney(tx: Db, key: string): Promise<Stored | null> {
  const [row] = await tx.select().from(journeys).where(eq(journeys.key, key))
  return row === undefined
    ? null
    : { definition: row.draft, publishedVersion: row.publishedVersion, updatedAt: row.updatedAt }
}
