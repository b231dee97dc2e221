/**
 * A cache of the versions of journeys, messages and profiles. The database refuses to change a version, so a cached one is never out of
 * date. Which version is current is read each time.
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

/** Most cached versions of each kind. A message may have half a megabyte. */
const most = 250
const mostHashes = 10_000

/** The cached versions of one database. */
export class Versions {
  readonly #journeys = new Map<string, JourneyVersion>()
  readonly #messages = new Map<string, Message>()
  readonly #profiles = new Map<string, Profile>()
  /** Hashes of the decision frames known to be stored. */
  readonly frames: Hashes

  constructor(clock?: () => number) {
    this.frames = new Hashes(clock)
  }

  /**
   * The plan is compiled here from the definition. It is never stored, so it always fits the current compiler.
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

/** Parses as strictly as a PUT: a step type or field of a later version of Assent must not be ignored. */
function readable(stored: unknown): JourneyVersion {
  const parsed = journeyShape.safeParse(stored)
  if (!parsed.success) throw new MachineError('unreadable-journey-version', null)
  const definition = parsed.data
  try {
    return { definition, plan: compilePlan(definition) }
  } catch {
    // A definition that cannot be parsed was never checked.
    throw new MachineError('unreadable-journey-version', null)
  }
}

/** In milliseconds. A restore or failover of the database may lose a row that was stored before. */
const hashesHold = 60_000

/** A bounded set of hashes, each known for a minute; it is emptied when it is full. */
class Hashes {
  readonly #known = new Map<string, number>()
  readonly #clock: () => number

  /** @param clock in milliseconds; it never goes back */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock
  }

  has(hash: string): boolean {
    const since = this.#known.get(hash)
    return since !== undefined && this.#clock() - since < hashesHold
  }

  add(hash: string): void {
    if (this.#known.size >= mostHashes) this.#known.clear()
    this.#known.set(hash, this.#clock())
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
