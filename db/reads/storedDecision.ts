/** Rebuilds a stored decision with its input from the delivery's row and its frame (domain/consent/frame.ts). */
import { eq, sql } from 'drizzle-orm'
import {
  type Facts,
  type Frame,
  join,
  type PackedDecision,
  unpackDecision,
} from '../../domain/consent/frame.ts'
import type { Decision, DecisionInput } from '../../domain/consent/types.ts'
import type { Db } from '../connect.ts'
import { type DeliveryRow, decisionFrames, deliveries } from '../schema/deliveries.ts'

export type StoredDecision = { input: DecisionInput; decision: Decision }

/** The frame of a delivery, as a column of a select that joins `ofFrame`. Null if nothing was decided. */
export const frameColumn = sql<Frame | null>`${decisionFrames.frame}::json`
export const ofFrame = eq(decisionFrames.hash, deliveries.frame)

/** @returns null if nothing was decided, because the delivery was held or given up before */
export function storedDecision(row: {
  frame: Frame | null
  contactPointId: string | null
  facts: Facts | null
  decision: PackedDecision | null
}): StoredDecision | null {
  const { frame, contactPointId: contactPoint, facts, decision } = row
  if (frame === null || facts === null || decision === null) return null
  return { input: join({ frame, contactPoint, facts }), decision: unpackDecision(decision, facts) }
}

/** As `storedDecision`, for a row that was read without its frame. */
export async function readStoredDecision(db: Db, row: DeliveryRow): Promise<StoredDecision | null> {
  if (row.frame === null) return null
  const [found] = await db
    .select({ frame: frameColumn })
    .from(decisionFrames)
    .where(eq(decisionFrames.hash, row.frame))
  return storedDecision({ ...row, frame: found?.frame ?? null })
}
