/**
 * A test mail, from the queue to the provider's answer. It is marked handed over before the first byte of its body flows, so it is
 * never sent twice. Without an answer it is `unknown`, on an idempotent channel too: who asked for it looks into the mailbox.
 *
 *     queued ──▶ handed-over ──▶ sent | failed | unknown
 *        ▲____________│  refused for now: tried again, a few times
 *
 * Locks: the contact point, where the address is one; then the row.
 */
import { and, eq, isNull, lt, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { findContactPoint } from '../../db/reads/contactPoint.ts'
import { testMails } from '../../db/schema/testMails.ts'
import type { HandOverOutcome } from '../../domain/delivery/outcome.ts'
import type { Deps } from '../deps.ts'
import { lockContactPoint } from '../locks.ts'
import { blockedFor, type TestMailRow } from './requestTestMail.ts'

/** A test mail that this attempt alone may send. */
export type TakenTestMail = TestMailRow & {
  recipient: string
  content: NonNullable<TestMailRow['content']>
}

const mostAttempts = 6
/** Seconds an attempt may take before another one takes its place; none of a body has flowed by then. */
const lease = 120
/** Minutes after which a hand-over without an answer is called unknown. */
const patience = 10

const due = sql`${testMails.state} = 'queued' and ${testMails.nextAttemptAt} <= clock_timestamp()`

/** The id of one that is due, or null. */
export async function nextTestMail(deps: Deps): Promise<string | null> {
  const [row] = await deps.db
    .select({ id: testMails.id })
    .from(testMails)
    .where(sql`${testMails.settledAt} is null and ${due}`)
    .orderBy(testMails.nextAttemptAt)
    .limit(1)
  return row?.id ?? null
}

/** @returns null where another worker took it, it was tried too often, or its address may not get it any more */
export async function takeTestMail(deps: Deps, id: string): Promise<TakenTestMail | null> {
  const [found] = await deps.db.select().from(testMails).where(eq(testMails.id, id))
  if (found?.recipient == null) return null
  const { recipient } = found
  return deps.db.transaction(async (tx) => {
    await lockRecipient(tx, recipient)
    const [row] = await tx
      .select()
      .from(testMails)
      .where(and(eq(testMails.id, id), due))
      .for('update', { skipLocked: true })
    if (row === undefined || row.recipient === null || row.content === null) return null
    const blocked = await blockedFor(tx, deps, recipient, row)
    if (blocked !== null) {
      await tx
        .update(testMails)
        .set(settledAs('failed', `blocked: ${blocked}`))
        .where(eq(testMails.id, id))
      return null
    }
    const attempt = row.attempt + 1
    // Attempts that died or failed unexpectedly recorded nothing.
    if (attempt > mostAttempts) {
      await tx
        .update(testMails)
        .set(settledAs('failed', row.reason ?? 'gave-up'))
        .where(eq(testMails.id, id))
      return null
    }
    await tx
      .update(testMails)
      .set({ attempt, nextAttemptAt: sql`clock_timestamp() + make_interval(secs => ${lease})` })
      .where(eq(testMails.id, id))
    return { ...row, attempt, recipient: row.recipient, content: row.content }
  })
}

/**
 * queued → handed-over, unless its address may not get it any more: getting a connection takes its time, and somebody may have opted
 * out meanwhile.
 * @returns false where that is so, or another attempt has taken its place: then not a byte may flow
 */
export async function markTestMail(deps: Deps, taken: TakenTestMail): Promise<boolean> {
  const { id, attempt } = taken
  const mine = and(eq(testMails.id, id), eq(testMails.attempt, attempt), eq(testMails.state, 'queued'))
  return deps.db.transaction(async (tx) => {
    await lockRecipient(tx, taken.recipient)
    const blocked = await blockedFor(tx, deps, taken.recipient, taken)
    if (blocked !== null) {
      await tx
        .update(testMails)
        .set(settledAs('failed', `blocked: ${blocked}`))
        .where(mine)
      return false
    }
    const marked = await tx
      .update(testMails)
      .set({ state: 'handed-over' })
      .where(mine)
      .returning({ id: testMails.id })
    return marked.length > 0
  })
}

/** The address, where it is a contact point: no withdrawal comes between what is asked of it now and the commit. */
async function lockRecipient(tx: Db, recipient: string): Promise<void> {
  const point = await findContactPoint(tx, 'email', recipient)
  if (point !== null) await lockContactPoint(tx, point)
}

type Attempt = { id: string; attempt: number }

/** Records what the provider said. */
export async function settleTestMail(deps: Deps, taken: Attempt, outcome: HandOverOutcome): Promise<void> {
  switch (outcome.kind) {
    case 'accepted':
      return write(deps, taken, settledAs('sent', null, outcome.answer))
    case 'refused':
      return outcome.permanent
        ? write(deps, taken, settledAs('failed', 'refused', outcome.answer))
        : putBackTestMail(deps, taken, 'refused-for-now', outcome.answer)
    case 'not-handed-over':
      return putBackTestMail(deps, taken, 'not-handed-over')
    case 'unknown':
      return write(deps, taken, settledAs('unknown', 'no-answer'))
    case 'forestalled':
      return
    default:
      return outcome satisfies never
  }
}

/** It cannot be made: the message is the cause. */
export function failTestMail(deps: Deps, taken: Attempt, reason: string): Promise<void> {
  return write(deps, taken, settledAs('failed', reason))
}

/** Tried again later and later; failed after the last attempt. */
export async function putBackTestMail(
  deps: Deps,
  taken: Attempt,
  reason: string,
  providerAnswer: unknown = null,
): Promise<void> {
  if (taken.attempt >= mostAttempts) return write(deps, taken, settledAs('failed', reason, providerAnswer))
  const pause = 2 ** taken.attempt
  await write(deps, taken, {
    state: 'queued',
    reason,
    providerAnswer,
    nextAttemptAt: sql`clock_timestamp() + make_interval(secs => ${pause})`,
  })
}

/** A test mail whose worker died under its hand-over is `unknown`. */
export async function giveUpTestMails(deps: Deps): Promise<void> {
  await deps.db.transaction(async (tx) => {
    await tx
      .update(testMails)
      .set(settledAs('unknown', 'no-answer'))
      .where(
        and(
          eq(testMails.state, 'handed-over'),
          isNull(testMails.settledAt),
          lt(testMails.nextAttemptAt, sql`clock_timestamp() - make_interval(mins => ${patience})`),
        ),
      )
  })
}

/** Neither address nor words are kept. */
function settledAs(
  state: 'sent' | 'failed' | 'unknown',
  reason: string | null,
  providerAnswer: unknown = null,
) {
  return {
    state,
    reason,
    providerAnswer,
    recipient: null,
    content: null,
    settledAt: sql<string>`clock_timestamp()`,
  }
}

type Change = Parameters<ReturnType<Db['update']>['set']>[0]

/** Only by the attempt that has it, and only once. */
async function write(deps: Deps, { id, attempt }: Attempt, change: Change): Promise<void> {
  await deps.db.transaction(async (tx) => {
    await tx
      .update(testMails)
      .set(change)
      .where(and(eq(testMails.id, id), eq(testMails.attempt, attempt), isNull(testMails.settledAt)))
  })
}
