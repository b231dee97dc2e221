/**
 * The evidence pack of one contact point: every event with its evidence, the double opt-in mails as sent, suppressions,
 * what was sent or held back and why, and whether the chain proves itself. One repeatable-read snapshot.
 */
import { and, asc, eq, sql } from 'drizzle-orm'
import { databaseNow } from '../db/clock.ts'
import type { Db } from '../db/connect.ts'
import { momentOf } from '../db/ids.ts'
import { frameColumn, ofFrame, storedDecision } from '../db/reads/storedDecision.ts'
import { contactPoints } from '../db/schema/contacts.ts'
import { decisionFrames, deliveries } from '../db/schema/deliveries.ts'
import type { Decision } from '../domain/consent/types.ts'
import type { DataKeyring } from '../domain/ledger/keyring.ts'
import type { ChainReport } from '../domain/ledger/verify.ts'
import { Refusal } from '../domain/refusal.ts'
import { readConsentNames } from './consentNames.ts'
import { type EvidenceEvent, readEvidenceEvents } from './evidenceEvents.ts'
import { type EvidenceRequest, readEvidenceRequests } from './evidenceRequests.ts'
import { openerOf } from './opening.ts'
import { readSuppressionsOf, type SuppressionView } from './suppressions.ts'

type EvidenceDelivery = {
  id: string
  message: string
  messageVersion: number | null
  purpose: string
  topic: string | null
  journey: string | null
  state: string
  reason: string | null
  decision: Decision | null
  createdAt: string
  claimedAt: string | null
  handedOverAt: string | null
  settledAt: string | null
}

export type EvidencePack = {
  generatedAt: string
  contactPoint: { id: string; channel: string; address: string; createdAt: string }
  verification: ChainReport & { head: { seq: number; hash: string } }
  /** Each with the name its purpose or topic had when it was recorded; null for `*`. */
  events: (EvidenceEvent & { name: string | null })[]
  doubleOptIns: (Omit<EvidenceRequest, 'grants'> & {
    grants: (EvidenceRequest['grants'][number] & { name: string | null })[]
  })[]
  suppressions: SuppressionView[]
  deliveries: EvidenceDelivery[]
}

/**
 * @param address normalised
 * @throws Refusal not-found for an unknown address
 */
export async function readEvidencePack(
  db: Db,
  dataKeys: DataKeyring,
  channel: string,
  address: string,
): Promise<EvidencePack> {
  return db.transaction(
    async (tx) => {
      const [row] = await tx
        .select()
        .from(contactPoints)
        .where(and(eq(contactPoints.channel, channel), eq(contactPoints.address, address)))
      if (row === undefined)
        throw new Refusal(
          'address-not-found',
          'Nothing is recorded about this address. Check channel and address.',
        )
      const open = openerOf(dataKeys, row)
      const { events, verification } = await readEvidenceEvents(tx, row, open)
      const requests = await readEvidenceRequests(tx, row.id, open)
      const nameAt = await readConsentNames(tx, [
        ...events.map(({ purpose }) => purpose),
        ...requests.flatMap(({ grants }) => grants.map(({ purpose }) => purpose)),
      ])
      return {
        generatedAt: await databaseNow(tx),
        contactPoint: { id: row.id, channel, address, createdAt: row.createdAt },
        verification: {
          ...verification,
          head: { seq: row.headSeq, hash: Buffer.from(row.headHash).toString('hex') },
        },
        events: events.map((event) => ({
          ...event,
          name: nameAt(event.purpose, event.topic, event.recordedAt),
        })),
        doubleOptIns: requests.map((request) => ({
          ...request,
          grants: request.grants.map((grant) => ({
            ...grant,
            name: nameAt(grant.purpose, grant.topic, request.requestedAt),
          })),
        })),
        suppressions: await readSuppressionsOf(tx, row.id),
        deliveries: await readDeliveries(tx, row.id),
      }
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  )
}

async function readDeliveries(tx: Db, contactPointId: string): Promise<EvidenceDelivery[]> {
  const rows = await tx
    .select({
      id: deliveries.id,
      contactPointId: deliveries.contactPointId,
      frame: frameColumn,
      facts: deliveries.facts,
      message: deliveries.message,
      messageVersion: deliveries.messageVersion,
      purpose: deliveries.purpose,
      topic: deliveries.topic,
      journey: deliveries.journey,
      state: deliveries.state,
      reason: deliveries.reason,
      decision: deliveries.decision,
      claimedAt: deliveries.claimedAt,
      handedOverAt: deliveries.handedOverAt,
      settledAt: deliveries.settledAt,
    })
    .from(deliveries)
    .leftJoin(decisionFrames, ofFrame)
    .where(and(eq(deliveries.contactPointId, contactPointId), sql`${deliveries.doubleOptIn} is null`))
    .orderBy(asc(deliveries.id))
  return rows.map((row) => {
    const { contactPointId: _, frame, facts, claimedAt, handedOverAt, settledAt, ...delivery } = row
    const decision = storedDecision(row)?.decision ?? null
    return { ...delivery, decision, createdAt: momentOf(row.id), claimedAt, handedOverAt, settledAt }
  })
}
