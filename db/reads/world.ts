/** The definitions around a journey that its checker needs. */
import { eq, inArray } from 'drizzle-orm'
import { checkCondition } from '../../domain/conditions/check.ts'
import { everyStep, type JourneyDefinition } from '../../domain/journey/definition.ts'
import type { MessageFacts, World } from '../../domain/journey/world.ts'
import { type TriggerSource, type VariableRead, variableWarnings } from '../../domain/messages/variables.ts'
import { type Message, messageShape } from '../../domain/shapes/message.ts'
import { profileShape } from '../../domain/shapes/profile.ts'
import { purposeShape } from '../../domain/shapes/purpose.ts'
import { triggerDefinitionShape } from '../../domain/shapes/trigger.ts'
import type { Db } from '../connect.ts'
import { messages, profiles, purposes, triggerDefinitions } from '../schema/definitions.ts'

/** Reads from a message's templates; slow, so it runs in a thread. */
export type TemplateReader = {
  /** The link names in an HTML template; null if they are computed while rendering. */
  linkNames: (message: string, html: string) => Promise<readonly string[] | null>
  variables: (message: string, templates: Message) => Promise<readonly VariableRead[]>
}

export async function readWorld(
  db: Db,
  definition: JourneyDefinition,
  reader: TemplateReader,
): Promise<World> {
  const sent = [...everyStep(definition.steps)].flatMap((step) =>
    step.type === 'send' ? [step.message] : [],
  )
  const facts = new Map<string, MessageFacts>()
  if (sent.length > 0) {
    const rows = await db.select().from(messages).where(inArray(messages.key, sent))
    const named = await db.select().from(purposes)
    const brands = await db.select().from(profiles)
    const sources = await entrySource(db, definition)
    for (const row of rows) {
      const message = messageShape.parse(row.definition)
      const found = named.find((purpose) => purpose.key === row.purpose)
      const profile = brands.find((one) => one.key === row.profile)
      if (found === undefined || profile === undefined) continue
      const purpose = purposeShape.parse(found.definition)
      const enforcement = purpose.channels?.[message.channel] ?? purpose.enforcement
      facts.set(row.key, {
        channel: message.channel,
        profile: row.profile,
        purpose: row.purpose,
        purposeKind: purpose.kind,
        topic: message.topic ?? null,
        enforcement,
        // A message without the link is refused when it is put.
        linksPreferences: true,
        linkNames: message.html === undefined ? [] : await reader.linkNames(row.key, message.html),
        unknownVariables: variableWarnings(await ofTrigger(reader, row.key, message), sources).map(
          (problem) => `${problem.pointer.slice(1)}, ${problem.message}`,
        ),
        tracking: message.tracking !== false,
        pathToConsent:
          enforcement === 'non-restrictive' ||
          profileShape.parse(profile.definition).doubleOptIn !== undefined,
      })
    }
  }
  const triggers = new Set(
    (await db.select({ name: triggerDefinitions.name }).from(triggerDefinitions)).map((row) => row.name),
  )
  const known = new Set((await db.select({ key: profiles.key }).from(profiles)).map((row) => row.key))
  return {
    message: (key) => facts.get(key) ?? null,
    trigger: (name) => triggers.has(name),
    profile: (key) => known.has(key),
    condition: (text, scope) => {
      const checked = checkCondition(text, scope)
      return checked.ok ? null : checked.message
    },
  }
}

/** The schema of the journey's entry trigger. Of runs that are started over REST no schema is known. */
async function entrySource(db: Db, definition: JourneyDefinition): Promise<TriggerSource[]> {
  const name = definition.entry?.trigger
  if (name === undefined) return []
  const [row] = await db
    .select({ definition: triggerDefinitions.definition })
    .from(triggerDefinitions)
    .where(eq(triggerDefinitions.name, name))
  return row === undefined ? [] : [{ name, schema: triggerDefinitionShape.parse(row.definition).schema }]
}

/** The variables below `trigger`. The message's own PUT has warned of all others. */
async function ofTrigger(reader: TemplateReader, key: string, message: Message): Promise<VariableRead[]> {
  const reads = await reader.variables(key, message)
  return reads.filter(({ path }) => path[0] === 'trigger')
}
