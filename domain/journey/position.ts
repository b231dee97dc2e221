/**
 * A run's position as its row stores it: the place, and the row that the place waits for. Every version ever written since 0.3
 * can be read: `readPosition` turns older ones into the newest (`test/domain/journey/positions/` keeps one of each).
 */
import { z } from 'zod'
import { MachineError } from './machineError.ts'

/** Raised when a place means something else than before. */
export const machineVersion = 1

const positionShape = z.strictObject({
  machineVersion: z.literal(machineVersion),
  step: z.string(),
  visit: z.number().int().positive(),
  loops: z.record(z.string(), z.number().int().positive()),
  /** At a send: id of its delivery, whether or not the row is there yet. */
  delivery: z.uuid().exactOptional(),
  /** At a send: when it is given up, RFC 3339 on the run's clock. */
  sendUntil: z.string().exactOptional(),
  /** At a wait: id of its row. */
  wait: z.uuid().exactOptional(),
})
export type Position = z.output<typeof positionShape>

/** The step that a stored position names, of whatever version of Assent; null: none can be told. For people to see. */
export function stepOfPosition(stored: unknown): string | null {
  return z.looseObject({ step: z.string() }).safeParse(stored).data?.step ?? null
}

/** @throws MachineError unknown-version for a position that this version of Assent cannot read */
export function readPosition(stored: unknown): Position {
  const parsed = positionShape.safeParse(stored)
  if (!parsed.success) throw new MachineError('unknown-version', null)
  return parsed.data
}
