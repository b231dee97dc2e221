/**
 * Versions of journeys, messages and profiles, cached. The database refuses to change a version, so a cached one cannot be out of date.
 * Which version counts is read each time.
 */
import { and, eq } from 'drizzle-orm'
import { type JourneyDefinition, journeyShape } from '../../domain/journey/definition.ts'
import { MachineError } from '../../domain/journey/machineError.ts'
import { compilePlan, type Plan } from '../../domain/journey/plan.ts'
import { notFound } from '../../domain/refusal.ts'
import { type Message, messageShape } from '../../domain/shapes/message.ts'
import { type Profile, profileShape } from '../../domain/shapes/profile.ts'
import type { Db } from '../connect.ts'
import { messageVersions, profileVersions } from '../schema/definitions.ts'
import { journeyVersions } from '../schema/journeys.ts'

export type JourneyVersion = { readonly definition: JourneyDefinition; readonly plan: Plan }

/** Cached versions of each kind; a message may have half a megabyte. */
const most = 250
const mostHashes = 10_000

/** The versions of one database. */
export class Versions {
  readonly #journeys = new Map<string, JourneyVersion>()
  readonly #messages = new Map<string, Message>()
  readonly #profiles = new Map<string, Profile>()
  /** Hashes of the decision frames that are stored. */
  readonly frames = new Hashes()

  /**
   * The plan is compiled here, from the definition: it is never stored, so no stored plan can differ from today's compiler.
   * @throws MachineError missing-journey-version, unreadable-journey-version: the run that needs it is parked
   */
  journey(db: Db, key: string, version: number): Promise<JourneyVersion> {
    return kept(this.#journeys, 'journey', key, version, async () => {
      const [row] = await db
        .select({ definition: journeyVersions.definition })
        .from(journeyVersions)
        .where(and(eq(journeyVersions.key, key), eq(journeyVersions.version, version)))
      if (row === undefined) throw new MachineError('missing-journey-version', null)
      return readable(row.definition)
    })
  }

  /** @throws Refusal not-found */
  message(db: Db, key: string, version: number): Promise<Message> {
    return kept(this.#messages, 'message', key, version, async () => {
      const row = await definitionOf(db, messageVersions, key, version)
      return row && messageShape.parse(row.definition)
    })
  }

  /** @throws Refusal not-found */
  profile(db: Db, key: string, version: number): Promise<Profile> {
    return kept(this.#profiles, 'profile', key, version, async () => {
      const row = await definitionOf(db, profileVersions, key, version)
      return row && profileShape.parse(row.definition)
    })
  }
}

/** Checked as strictly as on the way in: a step type or field of a later Assent must not be ignored. */
function readable(stored: unknown): JourneyVersion {
  const parsed = journeyShape.safeParse(stored)
  if (!parsed.success) throw new MachineError('unreadable-journey-version', null)
  const definition = parsed.data
  try {
    return { definition, plan: compilePlan(definition) }
  } catch {
    // Such a definition was never checked.
    throw new MachineError('unreadable-journey-version', null)
  }
}

/** What is known to be stored under a hash; forgotten together where there are too many. */
class Hashes {
  readonly #known = new Set<string>()

  has(hash: string): boolean {
    return this.#known.has(hash)
  }

  add(hash: string): void {
    if (this.#known.size >= mostHashes) this.#known.clear()
    this.#known.add(hash)
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
  if (found === undefined) throw notFound('version', `${kind} ${name}`)
  if (shelf.size >= most) shelf.clear()
  shelf.set(name, found)
  return found
}
