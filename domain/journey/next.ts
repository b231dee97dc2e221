/**
 * What a run, or a request for double opt-in, needs next from its workflow. Ids, codes and times only: it is stored in
 * a history.
 */
import { z } from 'zod'

/** `parked`: the run waits for an operator. */
const waitReasons = ['wait', 'event', 'confirmation', 'held', 'paused', 'parked'] as const

export const nextShape = z.discriminatedUnion('do', [
  /** Ask for consent, then deliver. `what`: the step, or which mail, for the Temporal UI. */
  z.object({ do: z.literal('send'), delivery: z.string(), what: z.string() }),
  /**
   * Sleep until then, or until a signal. `until`: RFC 3339 on the run's clock, never a moment that has passed; null: a
   * signal only. `reason`: of what is held.
   */
  z.object({
    do: z.literal('wait'),
    until: z.string().nullable(),
    what: z.string(),
    why: z.enum(waitReasons),
    reason: z.string().exactOptional(),
  }),
  /** There is more to do: ask again immediately. */
  z.object({ do: z.literal('again') }),
  /** `state`: how the run or the request ended. `reason`: a code. */
  z.object({
    do: z.literal('end'),
    state: z.enum(['completed', 'exited', 'cancelled', 'failed', 'confirmed', 'expired', 'withdrawn']),
    reason: z.string(),
  }),
])
export type Next = z.output<typeof nextShape>
