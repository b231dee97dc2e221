/**
 * Messages as if they had been sent: their rows, with a handle and links we know. What leads to such rows is tested elsewhere;
 * here it is what the links do.
 */
import { eq, sql } from 'drizzle-orm'
import { newId } from '../../db/ids.ts'
import { findContactPoint } from '../../db/reads/contactPoint.ts'
import { contactPoints } from '../../db/schema/contacts.ts'
import { deliveries, handles, links } from '../../db/schema/deliveries.ts'
import { consentEvents } from '../../db/schema/ledger.ts'
import { triggerEvents } from '../../db/schema/triggers.ts'
import { unwrapDataKey } from '../../domain/ledger/dataKey.ts'
import { decodeEvent } from '../../domain/ledger/encode.ts'
import { open } from '../../domain/ledger/seal.ts'
import { hashHandle, hashToken, linkToken, newHandle, openToken } from '../../domain/messages/handles.ts'
import type { Assent } from '../harness/assent.ts'
import type { Person } from '../harness/fixtures.ts'

export const target = 'https://www.example.com/checkout?cart=7#pay'

export type Sent = { id: string; handle: string; point: string; url(path: string): string }

export async function sent(
  assent: Assent,
  person: Person,
  of: { message?: string; purpose?: string; topic?: string | null; tracked?: boolean } = {},
): Promise<Sent> {
  const point = await findContactPoint(assent.deps.db, 'email', person.email)
  if (point === null) throw new Error('the person has no address')
  const handle = newHandle()
  const id = newId()
  await assent.deps.db.transaction(async (tx) => {
    await tx.insert(deliveries).values({
      id,
      contactId: person.id,
      contactPointId: point,
      channel: 'email',
      message: of.message ?? 'first',
      messageVersion: 1,
      purpose: of.purpose ?? 'marketing',
      topic: of.topic === undefined ? 'newsletter' : of.topic,
      state: 'sent',
      tracksOpens: of.tracked ?? true,
      tracksClicks: of.tracked ?? true,
    })
    await tx.insert(handles).values({
      hash: Buffer.from(hashHandle(handle), 'hex'),
      deliveryId: id,
      contactId: person.id,
      contactPointId: point,
      message: of.message ?? 'first',
      messageVersion: 1,
      purpose: of.purpose ?? 'marketing',
      topic: of.topic === undefined ? 'newsletter' : of.topic,
      tracksOpens: of.tracked ?? true,
      tracksClicks: of.tracked ?? true,
    })
    await tx.insert(links).values({
      tokenHash: Buffer.from(hashToken(linkToken(handle, 1)), 'hex'),
      position: 1,
      link: 'checkout',
      url: target,
      handleHash: Buffer.from(hashHandle(handle), 'hex'),
    })
  })
  return {
    id,
    handle,
    point,
    url: (path) => `${assent.url}${path}/${keyFor(path, handle)}`,
  }
}

/** Each address of a mail has a key that opens it and no other. */
function keyFor(path: string, handle: string): string {
  if (path === '/t') return linkToken(handle, 1)
  return path === '/o' ? openToken(handle) : handle
}

/** The statements of a contact point, oldest first, in short. */
export async function statements(assent: Assent, point: string): Promise<string[]> {
  const rows = await assent.deps.db
    .select()
    .from(consentEvents)
    .where(eq(consentEvents.contactPointId, point))
    .orderBy(consentEvents.seq)
  return rows.map(
    ({ kind, state, purpose, topic }) => `${state ?? kind} ${purpose}${topic === null ? '' : `/${topic}`}`,
  )
}

/** The newest event of a contact point with its evidence opened. */
export async function newestEvent(assent: Assent, point: string) {
  const [row] = await assent.deps.db
    .select({ event: consentEvents.bytes, key: contactPoints.dataKey, keyId: contactPoints.dataKeyId })
    .from(consentEvents)
    .innerJoin(contactPoints, eq(contactPoints.id, consentEvents.contactPointId))
    .where(eq(consentEvents.contactPointId, point))
    .orderBy(sql`${consentEvents.seq} desc`)
    .limit(1)
  if (row === undefined || row.key === null || row.keyId === null) throw new Error('no event with evidence')
  const event = decodeEvent(row.event)
  if (event.sealed === null) throw new Error('the event has no evidence')
  const key = unwrapDataKey(assent.deps.dataKeys, point, { wrapped: row.key, wrappedBy: row.keyId })
  const opened = open(key, { contactPoint: point, event: event.id }, event.sealed)
  if (opened.opened !== 'evidence') throw new Error('the evidence does not open')
  return { event, evidence: opened.evidence }
}

/** What was recorded of a delivery's opens and clicks. */
export function interactions(assent: Assent, delivery: string) {
  return assent.deps.db
    .select()
    .from(triggerEvents)
    .where(eq(triggerEvents.deliveryId, delivery))
    .orderBy(triggerEvents.recordedAt)
}
