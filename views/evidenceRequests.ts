/** The double opt-ins of one contact point as evidence: what was asked, how it ended, and each mail in the words it was sent in. */
import { asc, eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Db } from '../db/connect.ts'
import { deliveries, deliveryContents } from '../db/schema/deliveries.ts'
import { doubleOptIns, type Grant } from '../db/schema/doubleOptIns.ts'
import { notices } from '../db/schema/ledger.ts'
import { LedgerEvent, type SealedBox } from '../domain/ledger/event.ts'
import type { OpenedEvidence, Opener } from './opening.ts'

const mailText = z.object({ subject: z.string(), html: z.string().nullable(), text: z.string() })

type EvidenceMail = {
  delivery: string
  message: string
  messageVersion: number | null
  state: string
  /** Message-ID. */
  providerId: string | null
  claimedAt: string | null
  handedOverAt: string | null
  settledAt: string | null
  /** As sent, the token left out; or why it is not shown. */
  content: z.infer<typeof mailText> | Extract<OpenedEvidence, string>
}

export type EvidenceRequest = {
  id: string
  profile: string
  profileVersion: number
  state: string
  grants: Grant[]
  notice: { id: string; version: string; language: string } | null
  wording: string | null
  requestedAt: string
  remindedAt: string | null
  expiresAt: string
  settledAt: string | null
  mails: EvidenceMail[]
}

export async function readEvidenceRequests(
  tx: Db,
  contactPointId: string,
  open: Opener,
): Promise<EvidenceRequest[]> {
  const rows = await tx
    .select({ request: doubleOptIns, wording: notices.wording })
    .from(doubleOptIns)
    .leftJoin(notices, eq(notices.hash, doubleOptIns.noticeHash))
    .where(eq(doubleOptIns.contactPointId, contactPointId))
    .orderBy(asc(doubleOptIns.requestedAt), asc(doubleOptIns.id))
  const mails = await readMails(tx, contactPointId, open)
  return rows.map(({ request, wording }) => ({
    id: request.id,
    profile: request.profile,
    profileVersion: request.profileVersion,
    state: request.state,
    grants: request.grants,
    notice: request.notice,
    wording,
    requestedAt: request.requestedAt,
    remindedAt: request.remindedAt,
    expiresAt: request.expiresAt,
    settledAt: request.settledAt,
    mails: mails.get(request.id) ?? [],
  }))
}

async function readMails(tx: Db, contactPointId: string, open: Opener): Promise<Map<string, EvidenceMail[]>> {
  const rows = await tx
    .select({ delivery: deliveries, sealed: deliveryContents.sealed })
    .from(deliveries)
    .leftJoin(deliveryContents, eq(deliveryContents.deliveryId, deliveries.id))
    .where(
      sql`${deliveries.contactPointId} = ${contactPointId}::uuid and ${deliveries.doubleOptIn} is not null`,
    )
    .orderBy(asc(deliveries.id))
  const byRequest = new Map<string, EvidenceMail[]>()
  for (const { delivery, sealed } of rows) {
    const request = delivery.doubleOptIn ?? ''
    const mails = byRequest.get(request) ?? []
    mails.push({
      delivery: delivery.id,
      message: delivery.message,
      messageVersion: delivery.messageVersion,
      state: delivery.state,
      providerId: delivery.providerId,
      claimedAt: delivery.claimedAt,
      handedOverAt: delivery.handedOverAt,
      settledAt: delivery.settledAt,
      content: contentOf(open(delivery.id, boxOf(sealed))),
    })
    byRequest.set(request, mails)
  }
  return byRequest
}

/** A stored box in any other form is one that does not open. */
function boxOf(sealed: unknown): SealedBox | null {
  if (sealed === null) return null
  const box = LedgerEvent.shape.sealed.safeParse(sealed)
  return box.success ? box.data : { alg: 'A256GCM', key: '', iv: '', ciphertext: '', tag: '' }
}

function contentOf(opened: OpenedEvidence): EvidenceMail['content'] {
  if (typeof opened === 'string') return opened
  const text = mailText.safeParse(opened.evidence)
  return text.success ? text.data : 'unreadable'
}
