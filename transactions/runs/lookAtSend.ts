/**
 * How the send of a position stands. Until the send ends an attempt is never judged from here: only the next `deliver` may turn
 * what an earlier one handed over into `unknown`. At its end whatever is still open is given up.
 */
import { sql } from 'drizzle-orm'
import { given, PreparedQuery } from '../../db/preparedQuery.ts'
import type { deliveries } from '../../db/schema/deliveries.ts'
import { sendEndReason } from '../../domain/delivery/limits.ts'
import { sendResultOf } from '../../domain/delivery/states.ts'
import { effectOf } from '../../domain/journey/machine.ts'
import { MachineError } from '../../domain/journey/machineError.ts'
import type { Answer } from '../../domain/journey/machineTypes.ts'
import type { Next } from '../../domain/journey/next.ts'
import type { Position } from '../../domain/journey/position.ts'
import { giveUpIn } from '../deliveries/giveUpDelivery.ts'
import { heldBecause } from '../deliveries/heldBecause.ts'
import type { Advancing } from './advancing.ts'

export async function lookAtSend(advancing: Advancing, position: Position): Promise<Answer | Next> {
  const { deps, tx, run, plan, now } = advancing
  const { delivery, sendUntil, step } = position
  if (delivery === undefined || sendUntil === undefined) throw new MachineError('unfit-position', step)
  const row = await standing.first(tx, { delivery })
  const result = row === undefined ? null : sendResultOf(row.state)
  if (result !== null) return { type: 'sent', result }
  if (now >= sendUntil) {
    const effect = effectOf(plan, position)
    const reason = sendEndReason(effect.do === 'send' ? effect.expiresMs : null)
    const { state } = await giveUpIn(deps, { kind: 'run', run: run.id, delivery }, reason)
    return { type: 'sent', result: sendResultOf(state) ?? 'failed' }
  }
  if (row?.state === 'held' && row.heldUntil !== null && now < row.heldUntil) {
    const [until = sendUntil] = [row.heldUntil, sendUntil].sort()
    return { do: 'wait', until, what: step, why: 'held', reason: heldBecause(row) }
  }
  return { do: 'send', delivery, what: step }
}

const standing = new PreparedQuery<
  { delivery: string },
  Pick<typeof deliveries.$inferSelect, 'state' | 'heldUntil' | 'reason' | 'providerAnswer'>
>(
  sql`select state, reason, provider_answer as "providerAnswer", to_char(held_until at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "heldUntil"
    from deliveries where id = ${given('delivery')}::uuid`,
)
