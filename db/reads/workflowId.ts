/** The workflow id of a run or of a double opt-in request, from its row. */
import { eq } from 'drizzle-orm'
import { doubleOptInWorkflowId, journeyWorkflowId } from '../../domain/workflowIds.ts'
import type { Db } from '../connect.ts'
import { doubleOptIns } from '../schema/doubleOptIns.ts'
import { runs } from '../schema/journeys.ts'

/** @returns null if there is neither a run nor a request with this id */
export async function readWorkflowId(db: Db, id: string): Promise<string | null> {
  const [run] = await db.select({ journey: runs.journey }).from(runs).where(eq(runs.id, id))
  if (run !== undefined) return journeyWorkflowId(run.journey, id)
  const [request] = await db
    .select({ profile: doubleOptIns.profile })
    .from(doubleOptIns)
    .where(eq(doubleOptIns.id, id))
  return request === undefined ? null : doubleOptInWorkflowId(request.profile, id)
}
