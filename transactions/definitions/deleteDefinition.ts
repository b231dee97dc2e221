/** Deletes a definition that nothing uses. Its versions stay, because past decisions refer to them. */
import { eq, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import type { DefinitionKind } from '../../db/reads/definitions.ts'
import { messages, profiles, purposes, triggerDefinitions } from '../../db/schema/definitions.ts'
import { notFound, Refusal } from '../../domain/refusal.ts'
import type { Deps } from '../deps.ts'
import { lockDefinition } from '../locks.ts'

/** @throws Refusal not-found; `still-in-use`, saying what uses it; `built-in` */
export async function deleteDefinition(deps: Deps, kind: DefinitionKind, key: string): Promise<void> {
  await deps.db.transaction(async (tx) => {
    await lockDefinition(tx, kind, key)
    const hanging = await refusalOf(tx, kind, key)
    if (hanging !== null) throw hanging
    if (!(await remove(tx, kind, key))) throw notFound(kind, key)
  })
}

async function refusalOf(tx: Db, kind: DefinitionKind, key: string): Promise<Refusal | null> {
  if (kind === 'trigger' && (await isBuiltIn(tx, key))) {
    return new Refusal('built-in', `The trigger "${key}" is one of Assent's own and cannot be deleted.`)
  }
  const user = await userOf(tx, kind, key)
  if (user === null) return null
  const detail = `The ${kind} "${key}" cannot be deleted: ${user}. Change or delete that first.`
  return new Refusal('still-in-use', detail)
}

async function isBuiltIn(tx: Db, name: string): Promise<boolean> {
  const { builtIn, name: column } = triggerDefinitions
  const rows = await tx.select({ builtIn }).from(triggerDefinitions).where(eq(column, name))
  return rows[0]?.builtIn === true
}

/** What uses it, for the caller; null if nothing does. */
async function userOf(tx: Db, kind: DefinitionKind, key: string): Promise<string | null> {
  const one = async (query: ReturnType<typeof sql>) => (await tx.execute(query)).length > 0
  const mentioned = (path: string) =>
    sql`select from journeys where jsonb_path_exists(draft, ${path}::jsonpath, ${JSON.stringify({ key })}::jsonb)
      union all select from journey_versions where jsonb_path_exists(definition, ${path}::jsonpath, ${JSON.stringify({ key })}::jsonb) limit 1`
  switch (kind) {
    case 'profile':
      if (await one(sql`select from purposes where profile = ${key} limit 1`))
        return 'a purpose belongs to it'
      if (await one(sql`select from messages where profile = ${key} limit 1`))
        return 'a message is sent under it'
      if (await one(mentioned('$.profile ? (@ == $key)'))) return 'a journey belongs to it'
      if (await one(sql`select from double_opt_ins where profile = ${key} and state = 'pending' limit 1`)) {
        return 'a double opt-in is waiting under it'
      }
      return null
    case 'purpose':
      if (await one(sql`select from messages where purpose = ${key} limit 1`))
        return 'a message has this purpose'
      if (await one(sql`select from consent_events where purpose = ${key} limit 1`))
        return 'consents are recorded for it'
      if (await one(sql`select from profiles where definition->>'trackingPurpose' = ${key} limit 1`)) {
        return 'a profile has it as its tracking purpose'
      }
      return null
    case 'message':
      if (await one(mentioned('$.**.message ? (@ == $key)'))) return 'a journey sends it'
      if (await one(sql`select from profiles where definition->'doubleOptIn'->>'message' = ${key} limit 1`)) {
        return 'a profile uses it for double opt-in'
      }
      if (await one(sql`select from double_opt_ins where message = ${key} and state = 'pending' limit 1`)) {
        return 'a double opt-in is waiting with it'
      }
      return null
    case 'trigger':
      if (await one(mentioned('$.**.trigger ? (@ == $key)'))) return 'a journey listens to it'
      return null
    default:
      return kind satisfies never
  }
}

async function remove(tx: Db, kind: DefinitionKind, key: string): Promise<boolean> {
  switch (kind) {
    case 'profile':
      return (
        (await tx.delete(profiles).where(eq(profiles.key, key)).returning({ key: profiles.key })).length > 0
      )
    case 'purpose':
      return (
        (await tx.delete(purposes).where(eq(purposes.key, key)).returning({ key: purposes.key })).length > 0
      )
    case 'message':
      return (
        (await tx.delete(messages).where(eq(messages.key, key)).returning({ key: messages.key })).length > 0
      )
    case 'trigger': {
      const { name } = triggerDefinitions
      return (await tx.delete(triggerDefinitions).where(eq(name, key)).returning({ name })).length > 0
    }
    default:
      return kind satisfies never
  }
}
