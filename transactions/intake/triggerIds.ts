/**
 * The ids that senders give to their triggers. The same id again is answered as before, from what was said under it and not from
 * what that resolved to: whether the schema has changed since, the address moved, or the definition was deleted, plays no part. With
 * another content it is a conflict.
 */
import { and, eq } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { type BoundQuery, build, given, insertNewOf, rowsOf } from '../../db/preparedQuery.ts'
import { type TriggerAnswer, triggerIds } from '../../db/schema/triggers.ts'
import { canonicalBytes } from '../../domain/ledger/canonical.ts'
import { sha256 } from '../../domain/ledger/chain.ts'
import { Refusal } from '../../domain/refusal.ts'
import { countTrigger } from '../../telemetry/journeys.ts'

/** A trigger id with the request that used it. */
export type SaidOnce = {
  sender: string
  name: string
  id: string
  /** JSON. */
  said: unknown
}

export type Answered = TriggerAnswer & { duplicate: boolean }

/** Another transaction took the id first. The transaction that threw this has to roll back; then the first answer can be read. */
class TriggerIdTaken extends Error {
  override readonly name = 'TriggerIdTaken'
}

/**
 * What the id was answered before; null where it is not known.
 * @throws Refusal conflict (`trigger-id-reused`) where something else was said under it
 */
export async function answeredBefore(db: Db, once: SaidOnce): Promise<Answered | null> {
  const known = await byId.first(db, { sender: once.sender, name: once.name, id: once.id })
  if (known === undefined) return null
  const { fingerprint, answer } = known
  // Ids from before this table existed have no fingerprint: their request is no longer known.
  if (fingerprint !== null && Buffer.compare(fingerprint, fingerprintOf(once)) !== 0) {
    throw new Refusal(
      'trigger-id-reused',
      'This id was used before for the same trigger with another content. Give each event its own id.',
      {
        errors: [
          {
            pointer: '/id',
            code: 'trigger-id-reused',
            message: 'This id was used before with another content. Send a new id.',
          },
        ],
      },
    )
  }
  countTrigger(once.name, 'duplicate')
  return { ...answer, duplicate: true }
}

/** The event that was stored under the id; null: the id is unknown. */
export async function eventOfId(db: Db, id: Omit<SaidOnce, 'said'>): Promise<string | null> {
  return (await byId.first(db, id))?.answer.event ?? null
}

/** Takes the id, in the transaction that takes the trigger. Throws TriggerIdTaken. */
export function claimTriggerId(once: SaidOnce, answer: TriggerAnswer, now: string): BoundQuery<true> {
  const { sender, name, id } = once
  const row = { sender, name, id, fingerprint: fingerprintOf(once), answer, recordedAt: now }
  return claim.with(row).map((inserted) => {
    if (inserted.length === 0) throw new TriggerIdTaken()
    return true
  })
}

/** What the trigger brought about is known at its end only. */
export async function recordAnswer(
  tx: Db,
  { sender, name, id }: SaidOnce,
  answer: TriggerAnswer,
): Promise<void> {
  await tx
    .update(triggerIds)
    .set({ answer })
    .where(and(eq(triggerIds.sender, sender), eq(triggerIds.name, name), eq(triggerIds.id, id)))
}

/**
 * Takes a trigger once. Of two that come at the same moment the second waits for the first, is undone, and gets its answer.
 * @param take in a transaction of its own
 */
export async function takeOnce(
  db: Db,
  once: SaidOnce | null,
  take: () => Promise<Answered>,
): Promise<Answered> {
  try {
    return await take()
  } catch (error) {
    if (!(error instanceof TriggerIdTaken) || once === null) throw error
    const answer = await answeredBefore(db, once)
    if (answer === null) throw error
    return answer
  }
}

const byId = rowsOf<{ sender: string; name: string; id: string }>()(
  triggerIds,
  build
    .select()
    .from(triggerIds)
    .where(
      and(
        eq(triggerIds.sender, given('sender')),
        eq(triggerIds.name, given('name')),
        eq(triggerIds.id, given('id')),
      ),
    ),
)

const claim = insertNewOf(triggerIds)

function fingerprintOf({ said }: SaidOnce): Uint8Array {
  return sha256(canonicalBytes(said))
}
