/**
 * The consent activity before every send: the decision as of now. A block is recorded under the lock at once; an allow is only a
 * forecast, since the claim decides again.
 *
 * It is asked only after the attempt before has ended. So where that attempt handed over and died, a block here settles the delivery as
 * `unknown`, as the next `deliver` would after an allow: after a block no `deliver` follows, and left as it is, the run would ask again
 * at once, until the end of its send.
 *
 * Locks, where it blocks: the run row, the contact point, the delivery.
 */
import { sql } from 'drizzle-orm'
import { pipelined } from '../../db/pipelined.ts'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import { readStoredDecision, type StoredDecision, storedDecision } from '../../db/reads/storedDecision.ts'
import type { Decision, DecisionInput } from '../../domain/consent/types.ts'
import { openStates, sendResultOf } from '../../domain/delivery/states.ts'
import { failpoint } from '../../failpoints.ts'
import { countDecision } from '../../telemetry/sends.ts'
import type { Deps } from '../deps.ts'
import { committing, tellDelivery } from '../outcomes.ts'
import { decidedRow } from './deliveryRow.ts'
import { type Assessment, assessDelivery, type DeliveryRef } from './origin.ts'
import { isOfLockedPoint, standUnderLock, unknownIfHandedOver } from './standing.ts'

/** `run` and `step` are null for a mail of a double opt-in. */
export type Decided = {
  run: string | null
  step: string | null
  delivery: string
  input: DecisionInput
  decision: Decision
}

/** Most forecasts in a row whose address changes before the block is recorded. */
const mostForecasts = 20

/** Decides; for a settled delivery it returns the stored decision. */
export async function decideDelivery(deps: Deps, ref: DeliveryRef): Promise<Decided> {
  for (let round = 0; round < mostForecasts; round++) {
    const db = deps.reads ?? deps.db
    const [forecast, settled] = await Promise.all([assessDelivery(deps, db, ref), stored.first(db, ref)])
    await failpoint('decide:forecast')
    if (settled !== undefined) return decidedOf(forecast, storedDecision(settled))
    const { origin, decision } = forecast
    const decided =
      origin.ended !== null || decision.verdict === 'allow'
        ? decidedOf(forecast)
        : await recordBlock(deps, forecast)
    if (decided === null) continue
    countDecision('forecast', decided.decision)
    return decided
  }
  throw new Error('the address changed again and again while it was decided on')
}

/** @returns null if the address has changed */
async function recordBlock(deps: Deps, forecast: Assessment): Promise<Decided | null> {
  return committing(deps, async (inner) => {
    const tx = inner.db
    const standing = await standUnderLock(tx, deps, forecast)
    const { existing, assessment } = standing
    const { origin, intended, decision } = assessment
    if (existing !== null && sendResultOf(existing.state) !== null) {
      return decidedOf(assessment, await readStoredDecision(tx, existing))
    }
    if (origin.ended !== null || decision.verdict === 'allow') return decidedOf(assessment)
    if (existing?.state === 'handed-over') {
      // What was handed over cannot be blocked any more. A late answer of the provider still settles it.
      await unknownIfHandedOver(inner, existing, intended.input.now)
      return decidedOf(assessment)
    }
    if (!isOfLockedPoint(standing)) return null
    const settledAt = intended.input.now
    const change = { state: 'blocked', reason: decision.reason, settledAt } as const
    const { delivery, put } = decidedRow(inner, existing, assessment, change)
    await pipelined(tx, put)
    tellDelivery(inner, delivery)
    return decidedOf(assessment)
  })
}

/** As literals. */
const open = sql.raw(openStates.map((state) => `'${state}'`).join(', '))

/** Of a delivery that is settled, and was decided on. */
const stored = new PreparedQuery<{ delivery: string }, Parameters<typeof storedDecision>[0]>(
  sql`select f.frame::json as frame, d.contact_point_id as "contactPointId", d.facts, d.decision
    from deliveries d join decision_frames f on f.hash = d.frame
    where d.id = ${given('delivery')}::uuid and d.state not in (${open})`,
)

function decidedOf(
  { origin, intended, decision }: Assessment,
  settled: StoredDecision | null = null,
): Decided {
  const { ref, journey } = origin
  return {
    run: ref.kind === 'run' ? ref.run : null,
    step: journey?.step ?? null,
    delivery: ref.delivery,
    ...(settled ?? { input: intended.input, decision }),
  }
}
