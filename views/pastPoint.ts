/** A contact point and its consent states at a past moment, bounded by when events happened and when they were recorded. */
import { sql } from 'drizzle-orm'
import type { Db } from '../db/connect.ts'
import { readFoldEvents } from '../db/reads/foldEvents.ts'
import { contactPoints } from '../db/schema/contacts.ts'
import { fold } from '../domain/consent/fold.ts'
import { compareInstants, earlier } from '../domain/consent/instant.ts'
import type { Standings, View } from '../domain/consent/types.ts'

export type PastPoint = {
  /** Null: not known, or not known yet. */
  id: string | null
  /** Last sequence that was recorded by then. */
  seq: number
  standings: Standings
}

/** Whether a view is bounded at all. */
export function looksBack(view: View): boolean {
  return view.asOf !== undefined || view.knownAt !== undefined
}

/** The moment whose definitions and suppressions count: what was recorded later, or applied later, does not. Null: now. */
export function boundOf({ asOf, knownAt }: View): string | null {
  if (asOf !== undefined && knownAt !== undefined) return earlier(asOf, knownAt)
  return asOf ?? knownAt ?? null
}

/** @param address normalised */
export async function readPastPoint(
  db: Db,
  channel: string,
  address: string,
  view: View,
): Promise<PastPoint> {
  const [found] = await db
    .select({ id: contactPoints.id, createdAt: contactPoints.createdAt })
    .from(contactPoints)
    .where(sql`${contactPoints.channel} = ${channel} and ${contactPoints.address} = ${address}`)
  if (found === undefined) return { id: null, seq: 0, standings: { entries: [] } }
  const events = await readFoldEvents(db, found.id)
  const seq = events.reduce(
    (last, event) => (isKnown(event.recordedAt, view) ? Math.max(last, event.seq) : last),
    0,
  )
  const known = seq > 0 || isKnown(found.createdAt, view)
  return { id: known ? found.id : null, seq, standings: fold(events, view) }
}

function isKnown(recordedAt: string, { knownAt }: View): boolean {
  return knownAt === undefined || compareInstants(recordedAt, knownAt) <= 0
}
