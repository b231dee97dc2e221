/** Current definitions by key: the definition as it was put, with its key, version and last change. */
import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { notFound } from '../../domain/refusal.ts'
import type { Db } from '../connect.ts'
import { messages, profiles, purposes, triggerDefinitions } from '../schema/definitions.ts'

export type DefinitionKind = 'profile' | 'purpose' | 'message' | 'trigger'
export type StoredDefinition = object & { key: string; version: number; updatedAt: string }
export type DefinitionRow = { key: string; version: number; updatedAt: string; definition: unknown }

/** Every stored definition is an object. */
const putShape = z.looseObject({})

export const definitionTables = { profile: profiles, purpose: purposes, message: messages }

/** @throws Refusal not-found */
export async function getDefinition(db: Db, kind: DefinitionKind, key: string): Promise<StoredDefinition> {
  const found = await findDefinition(db, kind, key)
  if (found === undefined) throw notFound(kind, key)
  return found.answer
}

/** The definition as it was put, and `answer`: the form that a `GET` returns. */
export async function findDefinition(
  db: Db,
  kind: DefinitionKind,
  key: string,
): Promise<{ definition: object; version: number; updatedAt: string; answer: StoredDefinition } | undefined> {
  if (kind === 'trigger') {
    const [row] = await db.select().from(triggerDefinitions).where(eq(triggerDefinitions.name, key))
    if (row === undefined) return undefined
    const answer = storedTrigger(row)
    return { ...answer, definition: putShape.parse(row.definition), answer }
  }
  const table = definitionTables[kind]
  const [row] = await db.select().from(table).where(eq(table.key, key))
  if (row === undefined) return undefined
  return { ...row, definition: putShape.parse(row.definition), answer: stored(row) }
}

/** A row in the form that a `GET` returns. */
export function stored({ key, version, updatedAt, definition }: DefinitionRow): StoredDefinition {
  return { ...putShape.parse(definition), key, version, updatedAt }
}

/** Triggers have a name instead of a key, and no versions. */
export function storedTrigger({ name, updatedAt, definition }: typeof triggerDefinitions.$inferSelect) {
  return { ...stored({ key: name, version: 1, updatedAt, definition }), name }
}
