/** What can bring a message, with the schema of what `trigger` then means in its templates. Read, never locked. */
import { sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { profiles } from '../../db/schema/definitions.ts'
import { confirmationSource, type TriggerSource, type VariableRead } from '../../domain/messages/variables.ts'
import { Refusal } from '../../domain/refusal.ts'
import type { Message } from '../../domain/shapes/message.ts'
import type { Deps } from '../deps.ts'
import { inThread } from '../inThread.ts'

/**
 * The entry triggers of the journeys that send the message, as drafted or as published, and double opt-in where a profile
 * confirms with it. A run that is started over REST alone brings whatever its caller sends, so it is none of them.
 */
export async function readSources(db: Db, message: string): Promise<TriggerSource[]> {
  const triggers = await db.execute<{ name: string; schema: unknown }>(sql`
    select distinct t.name, t.definition->'schema' as schema
    from (
      select draft as definition from journeys
      union all
      select v.definition from journeys j join journey_versions v on v.key = j.key and v.version = j.published_version
    ) sent join trigger_definitions t on t.name = sent.definition->'entry'->>'trigger'
    where jsonb_path_exists(sent.definition, '$.**.message ? (@ == $key)', ${JSON.stringify({ key: message })}::jsonb)
    order by t.name`)
  const [confirms] = await db
    .select({ key: profiles.key })
    .from(profiles)
    .where(sql`${profiles.definition}->'doubleOptIn'->>'message' = ${message}`)
    .limit(1)
  const sources = triggers.map(({ name, schema }) => ({ name, schema }))
  return confirms === undefined ? sources : [...sources, confirmationSource]
}

/** The variables a message reads; parsing a large one takes a while, so it is done in a thread. */
export function readVariables(
  deps: Deps,
  key: string,
  { subject, html, text }: Pick<Message, 'subject' | 'html' | 'text'>,
): Promise<VariableRead[]> {
  return inThread(deps, 'variablesRead', `message:${key}`, [{ subject, html, text }], tooCostly)
}

/** The refusal of a message whose templates cannot be read or rendered within their bounds. */
export function tooCostly(): Refusal {
  return new Refusal(
    'message-too-costly',
    'The message takes too long, or too much memory, to render. Simplify it.',
  )
}
