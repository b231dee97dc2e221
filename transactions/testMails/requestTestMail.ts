/**
 * Accepts a test send of a message: one mail, marked as a test, to one mailbox of a colleague.
 *
 * It is no way around consent. An address that Assent knows gets a test only where the message itself might be sent to it now;
 * the test has no live links, is recorded with the key that asked for it, and is limited per mailbox and in all. The worker sends
 * it, and asks all this of the address again.
 */
import { createHash } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import type { Db } from '../../db/connect.ts'
import { newId } from '../../db/ids.ts'
import { findContactPoint } from '../../db/reads/contactPoint.ts'
import { readDecisionInput } from '../../db/reads/decisionInput.ts'
import { testMails } from '../../db/schema/testMails.ts'
import { maskAddress, normaliseAddress } from '../../domain/addresses/normalise.ts'
import { decide } from '../../domain/consent/decide.ts'
import { decisionReasons } from '../../domain/consent/reasons.ts'
import type { DecisionReason } from '../../domain/consent/types.ts'
import { asFieldError } from '../../domain/journey/findings.ts'
import { invalid, Refusal } from '../../domain/refusal.ts'
import { type Preview, type PreviewRequest, previewMessage } from '../definitions/previewMessage.ts'
import type { Deps } from '../deps.ts'

export type TestMailRow = typeof testMails.$inferSelect

/** Test mails in an hour, to one mailbox and in all. */
const mostToOne = 10
const mostInAll = 100
/** Seconds after which it may be tried again once a limit is reached. */
const retryAfter = 600

/** Stands before the subject, in whatever language: who gets it must see at once what it is. */
const mark = '[Test]'

/**
 * @param request.to the mailbox
 * @param asked.by id of the API key
 * @throws Refusal not-found for the message; invalid where it cannot be sent as it stands, or the address may not get it;
 * too-many; unavailable where there is no mail channel
 */
export async function requestTestMail(
  deps: Deps,
  key: string,
  { to, ...request }: PreviewRequest & { to: string },
  asked: { by: string; publicUrl: string },
): Promise<TestMailRow> {
  const read = normaliseAddress('email', to)
  if (!read.ok) throw invalid('/to', 'invalid-address', read.message)
  const { address } = read
  const preview = await previewMessage(deps, key, request, { publicUrl: asked.publicUrl, address })
  const content = sendableOf(preview)
  if (!deps.channels.has('email')) {
    throw new Refusal(
      'no-mail-channel',
      'E-mail is not set up here. Give its settings (see the README), and start Assent again.',
    )
  }
  return deps.db.transaction(async (tx) => {
    const { message, profile } = preview
    const about = { ...message, profile: profile.key }
    const blocked = await blockedFor(tx, deps, address, about)
    if (blocked !== null) throw notForThem(blocked)
    const recipientHash = createHash('sha256').update(address).digest()
    await refuseTooMany(tx, recipientHash)
    const [row] = await tx
      .insert(testMails)
      .values({
        id: newId(),
        message: key,
        messageVersion: message.version,
        profile: profile.key,
        profileVersion: profile.version,
        purpose: message.purpose,
        topic: message.topic,
        requestedBy: asked.by,
        recipient: address,
        recipientMasked: maskAddress('email', address),
        recipientHash,
        content,
      })
      .returning()
    if (row === undefined) throw new Error('a test mail was not stored')
    return row
  })
}

function sendableOf({ sendable, problems }: Preview) {
  if (sendable === null) {
    const errors = problems.filter(({ severity }) => severity === 'error')
    throw new Refusal(
      'message-not-sendable',
      'The message cannot be sent with these values. Correct the message or the payload as errors says.',
      { errors: errors.map(asFieldError) },
    )
  }
  return { ...sendable, subject: `${mark} ${sendable.subject}` }
}

type About = { purpose: string; topic: string | null; profile: string }

/** Why a known address may not get this message now; null if it may, and for an unknown address. */
export async function blockedFor(
  db: Db,
  deps: Deps,
  address: string,
  { purpose, topic, profile }: About,
): Promise<DecisionReason | null> {
  const id = await findContactPoint(db, 'email', address)
  if (id === null) return null
  const intended = {
    contactPoint: { id },
    channel: 'email',
    purpose,
    topic,
    profile,
    messageAllowsTracking: false,
  }
  const { verdict, reason } = decide(await readDecisionInput(db, intended, deps.channels))
  return verdict === 'block' ? reason : null
}

function notForThem(reason: DecisionReason): Refusal {
  const message = `This address belongs to somebody who may not get this message (${reason}: ${decisionReasons[reason]}). Send the test to a mailbox of your own that is no contact’s.`
  return invalid('/to', 'recipient-blocked', message)
}

/** Serialised by a lock, so that concurrent requests cannot exceed the limit. */
async function refuseTooMany(tx: Db, recipientHash: Buffer): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('test-mails', 0))`)
  const recent = sql`${testMails.createdAt} > clock_timestamp() - interval '1 hour'`
  const [one] = await tx
    .select({ count: sql<number>`count(*)::int` })
    .from(testMails)
    .where(sql`${eq(testMails.recipientHash, recipientHash)} and ${recent}`)
  const [all] = await tx.select({ count: sql<number>`count(*)::int` }).from(testMails).where(recent)
  if ((one?.count ?? 0) < mostToOne && (all?.count ?? 0) < mostInAll) return
  throw new Refusal(
    'too-many-test-mails',
    `At most ${mostToOne} test mails an hour go to one mailbox, and ${mostInAll} in all. Try again later, or use the preview.`,
    { retryAfter },
  )
}
