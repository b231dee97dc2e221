/**
 * The state of the send at a position. Until the send's end no attempt is judged here: only the next attempt (`deliver`, or a consent
 * activity that blocks) turns what an earlier one handed over into `unknown`. At the end, whatever is still open is given up, and that
 * always succeeds: also where the delivery has no row and can get none.
 */
import { sql } from 'drizzle-orm'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import type { deliveries } from '../../db/schema/deliveries.ts'
import { lapsedState, sendEndReason } from '../../domain/delivery/limits.ts'
import { sendResultOf } from '../../domain/delivery/states.ts'
import { effectOf } from '../../domain/journey/machine.ts'
import { MachineError } from '../../domain/journey/machineError.ts'
import type { Answer, SendResult } from '../../domain/journey/machineTypes.ts'
import type { Next } from '../../domain/journey/next.ts'
import type { Position } from '../../domain/journey/position.ts'
import { giveUpIn } from '../deliveries/giveUpDelivery.ts'
import { heldBecause } from '../deliveries/heldBecause.ts'
import type { Advancing } from './advancing.ts'
import { recordStep } from './path.ts'

export async function lookAtSend(advancing: Advancing, position: Position): Promise<Answer | Next> {
  const { tx, plan, now } = advancing
  const { delivery, sendUntil, step } = position
  if (delivery === undefined || sendUntil === undefined) throw new MachineError('unfit-position', step)
  const row = await standing.first(tx, { delivery })
  const result = row === undefined ? null : sendResultOf(row.state)
  if (result !== null) return { type: 'sent', result }
  if (now >= sendUntil) {
    const effect = effectOf(plan, position)
    const reason = sendEndReason(effect.do === 'send' ? effect.expiresMs : null)
    return { type: 'sent', result: await giveUp(advancing, position, delivery, reason) }
  }
  if (row !== undefined && row.heldUntil !== null && now < row.heldUntil) {
    const [until = sendUntil] = [row.heldUntil, sendUntil].sort()
    return { do: 'wait', until, what: step, why: 'held', reason: heldBecause(row) }
  }
  return { do: 'send', delivery, what: step }
}

async function giveUp(
  { deps, tx, run, now }: Advancing,
  { step, visit }: Position,
  delivery: string,
  reason: string,
): Promise<SendResult> {
  try {
    const { state } = await giveUpIn(deps, { kind: 'run', run: run.id, delivery }, reason)
    return sendResultOf(state) ?? 'failed'
  } catch (error) {
    // A version that cannot be read parks the run. A lost database fails the statement below as well.
    if (error instanceof MachineError) throw error
    // There is no row, and what it would be for cannot be read, as where the message was removed: the path alone says it.
    deps.log.error(
      { err: error, run: run.id, step, delivery },
      'A send ended without a delivery: its message could not be read.',
    )
    await recordStep(tx, run, {
      step,
      visit,
      at: now,
      outcome: lapsedState(reason),
      reason: 'cannot-be-read',
    })
    return lapsedState(reason)
  }
}

const standing = new PreparedQuery<
  { delivery: string },
  Pick<typeof deliveries.$inferSelect, 'state' | 'heldUntil' | 'reason' | 'providerAnswer'>
>(
  sql`select state, reason, provider_answer as "providerAnswer", to_char(held_until at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "heldUntil"
    from deliveries where id = ${given('delivery')}::uuid`,
)
