/** The list of definitions of a kind, in the order of their keys. */
import { asc, gt } from 'drizzle-orm'
import type { Db } from '../db/connect.ts'
import {
  type DefinitionKind,
  definitionTables,
  type StoredDefinition,
  stored,
  storedTrigger,
} from '../db/reads/definitions.ts'
import { triggerDefinitions } from '../db/schema/definitions.ts'
import { type Page, pageOf } from './page.ts'

export async function listDefinitions(
  db: Db,
  kind: DefinitionKind,
  page: { limit: number; after?: string | undefined },
): Promise<Page<StoredDefinition>> {
  if (kind === 'trigger') {
    const rows = await db
      .select()
      .from(triggerDefinitions)
      .where(page.after === undefined ? undefined : gt(triggerDefinitions.name, page.after))
      .orderBy(asc(triggerDefinitions.name))
      .limit(page.limit + 1)
    return pageOf(rows, page.limit, storedTrigger, (row) => row.name)
  }
  const table = definitionTables[kind]
  const rows = await db
    .select()
    .from(table)
    .where(page.after === undefined ? undefined : gt(table.key, page.after))
    .orderBy(asc(table.key))
    .limit(page.limit + 1)
  return pageOf(rows, page.limit, stored, (row) => row.key)
}
