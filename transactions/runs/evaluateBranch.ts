/** Says which case of a branch holds first; its answer is recorded, so that asking again gives the same. */
import { and, eq } from 'drizzle-orm'
import { contacts } from '../../db/schema/contacts.ts'
import { runPath, runs } from '../../db/schema/journeys.ts'
import type { RunEnd } from '../../domain/journey/answers.ts'
import { findStep } from '../../domain/journey/definition.ts'
import { notFound } from '../../domain/refusal.ts'
import type { House } from '../house.ts'
import { lazyBindings } from '../intake/bindings.ts'
import { endOf } from './endRun.ts'
import { recordStep } from './path.ts'

export type EvaluateBranch = { run: string; step: string; visit: number; now: string }

/** @returns the index of the first case that holds, null where none does */
export async function evaluateBranch(
  house: House,
  request: EvaluateBranch,
): Promise<{ case: number | null } | { ended: RunEnd }> {
  return house.db.transaction(async (tx) => {
    const [row] = await tx
      .select({ run: runs, contact: contacts })
      .from(runs)
      .innerJoin(contacts, eq(contacts.id, runs.contactId))
      .where(eq(runs.id, request.run))
    if (row === undefined) throw notFound('run', request.run)
    const ended = endOf(row.run)
    if (ended !== null) return { ended }
    const [answered] = await tx
      .select({ outcome: runPath.outcome, reason: runPath.reason })
      .from(runPath)
      .where(
        and(eq(runPath.runId, request.run), eq(runPath.step, request.step), eq(runPath.visit, request.visit)),
      )
    if (answered !== undefined) return { case: answered.reason === null ? null : Number(answered.reason) }

    const { definition } = await house.versions.journey(tx, row.run.journey, row.run.version)
    const step = findStep(definition, request.step)
    if (step?.type !== 'branch') throw new TypeError(`step ${request.step} is no branch`)
    const bindings = lazyBindings(tx, row.contact, request.now)
    let taken: number | null = null
    for (const [index, one] of step.cases.entries()) {
      if (await bindings.holds(one.when, { trigger: row.run.payload })) {
        taken = index
        break
      }
    }
    await recordStep(tx, {
      ...request,
      at: request.now,
      outcome: taken === null ? 'otherwise' : 'case',
      reason: taken === null ? null : String(taken),
    })
    return { case: taken }
  })
}
