/**
 * The consent state of one address for every purpose and topic, now or in a past view. An unknown address has `none`
 * for all: that is true, and reveals nothing.
 */
import { eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Db } from '../db/connect.ts'
import { findContactPoint } from '../db/reads/contactPoint.ts'
import { consentStates } from '../db/schema/ledger.ts'
import { standing } from '../domain/consent/standing.ts'
import { everything, type Standings, type View } from '../domain/consent/types.ts'
import { boundOf, looksBack, readPastPoint } from './pastPoint.ts'

/** The state of one purpose or topic. */
export type ConsentStateView = {
  purpose: string
  topic: string | null
  state: 'opted-in' | 'opted-out' | 'none'
  /** A double opt-in waits for its confirmation; left out where none does. */
  pending?: true
  /** When the event that gave the state happened; null with `none`. */
  since: string | null
  /** The ledger event that gave the state; null with `none`. */
  event: string | null
  /** End of a standing opt-in; left out where it has none. */
  expiresAt?: string
}

type Named = { purpose: string; topic: string | null }

/** @param address normalised */
export async function readConsentStates(
  db: Db,
  channel: string,
  address: string,
  view: View,
): Promise<{ id: string | null; states: ConsentStateView[] }> {
  return db.transaction(
    async (tx) => {
      const { id, standings } = looksBack(view)
        ? await readPastPoint(tx, channel, address, view)
        : await readPresentPoint(tx, channel, address)
      const named = withSpokenOf(await listNamed(tx, boundOf(view)), standings)
      return { id, states: named.map((one) => viewOf(standings, one)) }
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  )
}

async function readPresentPoint(
  tx: Db,
  channel: string,
  address: string,
): Promise<{ id: string | null; standings: Standings }> {
  const id = await findContactPoint(tx, channel, address)
  if (id === null) return { id, standings: { entries: [] } }
  const rows = await tx
    .select({ entry: consentStates.entry })
    .from(consentStates)
    .where(eq(consentStates.contactPointId, id))
  return { id, standings: { entries: rows.map((row) => row.entry) } }
}

const listed = z.object({
  kind: z.enum(['commercial', 'transactional', 'tracking']),
  topics: z.array(z.object({ key: z.string() })).default([]),
})

/** Every purpose that needs consent, with its topics, now or at a moment. */
async function listNamed(tx: Db, bound: string | null): Promise<Named[]> {
  const rows = await tx.execute<{ key: string; definition: unknown }>(
    bound === null
      ? sql`select key, definition from purposes order by key`
      : sql`select distinct on (key) key, definition from purpose_versions
          where recorded_at <= ${bound}::timestamptz order by key, version desc`,
  )
  return rows.flatMap(({ key, definition }): Named[] => {
    const { kind, topics } = listed.parse(definition)
    if (kind === 'transactional') return []
    return [{ purpose: key, topic: null }, ...topics.map((topic) => ({ purpose: key, topic: topic.key }))]
  })
}

/**
 * Adds purposes and topics that the ledger names but that are no longer offered; `*` comes first, if it was ever opted
 * out.
 */
function withSpokenOf(named: readonly Named[], standings: Standings): Named[] {
  const keys = new Set(named.map(keyOf))
  const spoken = standings.entries.filter((entry) => !keys.has(keyOf(entry)))
  const all = spoken.filter((entry) => entry.purpose === everything)
  const gone = spoken.filter((entry) => entry.purpose !== everything)
  return [...all, ...named, ...gone].map(({ purpose, topic }) => ({ purpose, topic }))
}

function keyOf({ purpose, topic }: Named): string {
  return `${purpose}\n${topic ?? ''}`
}

function viewOf(standings: Standings, { purpose, topic }: Named): ConsentStateView {
  const { state, pending, since, events, expiresAt } = standing(standings, purpose, topic)
  return {
    purpose,
    topic,
    state,
    ...(pending ? { pending: true } : {}),
    since,
    event: state === 'none' ? null : (events[0] ?? null),
    ...(expiresAt === null ? {} : { expiresAt }),
  }
}
