/**
 * Says which case of a branch holds first. The answer that is recorded first counts for everybody who asks, at the same time or
 * again: an attempt that was given up for dead goes no other way than the one that took its place.
 */
import { eq, sql } from 'drizzle-orm'
import { contacts } from '../../db/schema/contacts.ts'
import { runs } from '../../db/schema/journeys.ts'
import { given, Statement } from '../../db/statement.ts'
import type { RunEnd } from '../../domain/journey/answers.ts'
import { findStep } from '../../domain/journey/definition.ts'
import { notFound } from '../../domain/refusal.ts'
import { point } from '../../points.ts'
import type { House } from '../house.ts'
import { lazyBindings } from '../intake/bindings.ts'
import { endOf } from './endRun.ts'

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
    const known = await answered.first(tx, request)
    if (known !== undefined) return { case: known.taken }

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
    await point('branch:before-record')
    const outcome = taken === null ? 'otherwise' : 'case'
    const [first] = await record.all(tx, { ...request, outcome, taken })
    return { case: first === undefined ? ((await answered.first(tx, request))?.taken ?? null) : taken }
  })
}

type Visit = { run: string; step: string; visit: number }

const answered = new Statement<Visit, { taken: number | null }>(
  sql`select reason::int as taken from run_path
    where run_id = ${given('run')} and step = ${given('step')} and visit = ${given('visit')}`,
)

/** Answers something only where there was no answer yet; one that is being recorded at this moment is waited for. */
const record = new Statement<Visit & { now: string; outcome: string; taken: number | null }, { id: string }>(
  sql`insert into run_path (run_id, step, visit, at, outcome, reason)
    values (${given('run')}, ${given('step')}, ${given('visit')}, ${given('now')}::timestamptz, ${given('outcome')}, ${given('taken')}::int::text)
    on conflict (run_id, step, visit) do nothing returning id`,
)
