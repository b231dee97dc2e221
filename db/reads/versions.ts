/**
 * Versions of journeys, messages and profiles. The database refuses to change one, so each is read and checked once and kept at
 * hand: of all that a run or a delivery rests on, this alone cannot be out of date. Which version counts is asked each time.
 */
import { and, eq } from 'drizzle-orm'
import type { JourneyDefinition } from '../../domain/journey/definition.ts'
import type { Plan } from '../../domain/journey/plan.ts'
import { notFound } from '../../domain/refusal.ts'
import { type Message, messageShape } from '../../domain/shapes/message.ts'
import { type Profile, profileShape } from '../../domain/shapes/profile.ts'
import type { Db } from '../connect.ts'
import { messageVersions, profileVersions } from '../schema/definitions.ts'
import { journeyVersions } from '../schema/journeys.ts'

export type JourneyVersion = { readonly definition: JourneyDefinition; readonly plan: Plan }

/** Versions kept at hand of each kind; a message may have half a megabyte. */
const most = 250

/** Those of one database. Each read throws Refusal not-found where there is no such version. */
export class Versions {
  readonly #journeys = new Map<string, JourneyVersion>()
  readonly #messages = new Map<string, Message>()
  readonly #profiles = new Map<string, Profile>()

  journey(db: Db, key: string, version: number): Promise<JourneyVersion> {
    return kept(this.#journeys, 'journey', key, version, async () => {
      const [row] = await db
        .select({ definition: journeyVersions.definition, plan: journeyVersions.plan })
        .from(journeyVersions)
        .where(and(eq(journeyVersions.key, key), eq(journeyVersions.version, version)))
      return row
    })
  }

  message(db: Db, key: string, version: number): Promise<Message> {
    return kept(this.#messages, 'message', key, version, async () => {
      const row = await definitionOf(db, messageVersions, key, version)
      return row && messageShape.parse(row.definition)
    })
  }

  profile(db: Db, key: string, version: number): Promise<Profile> {
    return kept(this.#profiles, 'profile', key, version, async () => {
      const row = await definitionOf(db, profileVersions, key, version)
      return row && profileShape.parse(row.definition)
    })
  }
}

async function definitionOf(
  db: Db,
  table: typeof messageVersions | typeof profileVersions,
  key: string,
  version: number,
): Promise<{ definition: unknown } | undefined> {
  const [row] = await db
    .select({ definition: table.definition })
    .from(table)
    .where(and(eq(table.key, key), eq(table.version, version)))
  return row
}

async function kept<T>(
  shelf: Map<string, T>,
  kind: string,
  key: string,
  version: number,
  read: () => Promise<T | undefined>,
): Promise<T> {
  const name = `${key} ${version}`
  const known = shelf.get(name)
  if (known !== undefined) return known
  const found = await read()
  if (found === undefined) throw notFound(`${kind} version`, name)
  if (shelf.size >= most) shelf.clear()
  shelf.set(name, found)
  return found
}
