/**
 * Executes a request once per Idempotency-Key. Its effect and its answer are committed together, so a repeated request gets the first
 * answer. The same key with another request is a conflict. A refused request leaves nothing behind, and its key may be used again. Answers
 * are stored for a week (domain/retention.ts).
 */
import { and, eq } from 'drizzle-orm'
import { idempotencyKeys } from '../db/schema/access.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Deps } from './deps.ts'
import { committing } from './outcomes.ts'

/** What was answered; a body of undefined is none. */
type Said = { status: number; body?: unknown /** Kept in place of the body. */; remembered?: unknown }

export async function onceFor(
  deps: Deps,
  request: { caller: string; key: string; fingerprint: Uint8Array },
  carryOut: (deps: Deps) => Promise<Said>,
): Promise<Said> {
  return committing(deps, async (inner) => {
    const tx = inner.db
    const mine = and(eq(idempotencyKeys.caller, request.caller), eq(idempotencyKeys.key, request.key))
    // A second request with the same key waits here until the first has committed or rolled back.
    const inserted = await tx
      .insert(idempotencyKeys)
      .values({ caller: request.caller, key: request.key, fingerprint: request.fingerprint })
      .onConflictDoNothing()
      .returning({ key: idempotencyKeys.key })
    if (inserted.length === 0) {
      const [first] = await tx.select().from(idempotencyKeys).where(mine)
      if (first === undefined)
        throw new Refusal(
          'idempotency-key-in-progress',
          'The first request with this Idempotency-Key is not finished. Repeat this one in a moment.',
        )
      if (Buffer.compare(first.fingerprint, request.fingerprint) !== 0) {
        throw new Refusal(
          'idempotency-key-reused',
          'This Idempotency-Key was used for another request. Send a new key.',
        )
      }
      return { status: first.status ?? 200, body: first.response ?? undefined }
    }
    const answer = await carryOut(inner)
    await tx
      .update(idempotencyKeys)
      .set({ status: answer.status, response: answer.remembered ?? answer.body ?? null })
      .where(mine)
    return answer
  })
}
