/** The world around a journey, as its checker must know it. */
import { inArray } from 'drizzle-orm'
import { checkCondition } from '../../domain/conditions/check.ts'
import { everyStep, type JourneyDefinition } from '../../domain/journey/definition.ts'
import type { MessageFacts, World } from '../../domain/journey/world.ts'
import { messageShape } from '../../domain/shapes/message.ts'
import { profileShape } from '../../domain/shapes/profile.ts'
import { purposeShape } from '../../domain/shapes/purpose.ts'
import type { Db } from '../connect.ts'
import { messages, profiles, purposes, triggerDefinitions } from '../schema/definitions.ts'

/** @param linkNames the names an HTML template gives its links, null where they are made up while rendering */
export async function readWorld(
  db: Db,
  definition: JourneyDefinition,
  linkNames: (message: string, html: string) => Promise<readonly string[] | null>,
): Promise<World> {
  const sent = [...everyStep(definition.steps)].flatMap((step) =>
    step.type === 'send' ? [step.message] : [],
  )
  const facts = new Map<string, MessageFacts>()
  if (sent.length > 0) {
    const rows = await db.select().from(messages).where(inArray(messages.key, sent))
    const named = await db.select().from(purposes)
    const brands = await db.select().from(profiles)
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
        linkNames: message.html === undefined ? [] : await linkNames(row.key, message.html),
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
