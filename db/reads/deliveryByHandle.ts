/** The delivery behind a permanent link: the handle names it, and with it the scope of whatever the link does. */
import { eq } from 'drizzle-orm'
import { hashHandle, hashToken, parseHandle, parseLinkToken } from '../../domain/messages/handles.ts'
import { Refusal } from '../../domain/refusal.ts'
import { type Profile, profileShape } from '../../domain/shapes/profile.ts'
import type { Db } from '../connect.ts'
import { contactPoints } from '../schema/contacts.ts'
import { messages, profiles, purposes } from '../schema/definitions.ts'
import { deliveries, formerHandles, links } from '../schema/deliveries.ts'

export type DeliveryRow = typeof deliveries.$inferSelect

export type LinkedDelivery = {
  delivery: DeliveryRow
  contactPoint: typeof contactPoints.$inferSelect
  /** The profile it was sent under. */
  profile: { key: string; definition: Profile }
}

/** @throws Refusal not-found, the same for every handle that is none of ours */
export async function deliveryByHandle(db: Db, text: string): Promise<LinkedDelivery> {
  const delivery = await findDelivery(db, text)
  if (delivery === null || delivery.contactPointId === null) throw unknownLink()
  const [contactPoint] = await db
    .select()
    .from(contactPoints)
    .where(eq(contactPoints.id, delivery.contactPointId))
  if (contactPoint === undefined) throw unknownLink()
  return { delivery, contactPoint, profile: await profileOf(db, delivery) }
}

/** As `deliveryByHandle`, the delivery alone, as it was for the mail with this handle; null where there is none. */
export async function findDelivery(db: Db, text: string): Promise<DeliveryRow | null> {
  const handle = parseHandle(text)
  return handle === null ? null : findByHash(db, hashHandle(handle))
}

/** The delivery whose pixel this is, as it was for the mail with that pixel; null where there is none. */
export async function findByOpenToken(db: Db, text: string): Promise<DeliveryRow | null> {
  const token = parseHandle(text)
  return token === null ? null : findByHash(db, hashToken(token))
}

async function findByHash(db: Db, hex: string): Promise<DeliveryRow | null> {
  const hash = Buffer.from(hex, 'hex')
  const [row] = await db.select().from(deliveries).where(eq(deliveries.handleHash, hash))
  if (row !== undefined) return row
  const [former] = await db
    .select({ delivery: deliveries, mail: formerHandles })
    .from(formerHandles)
    .innerJoin(deliveries, eq(deliveries.id, formerHandles.deliveryId))
    .where(eq(formerHandles.hash, hash))
  return former === undefined ? null : asOfMail(former.delivery, former.mail)
}

/** The delivery as it was for one of its mails. @param former null: it is the newest one */
function asOfMail(delivery: DeliveryRow, former: typeof formerHandles.$inferSelect | null): DeliveryRow {
  if (former === null) return delivery
  const { hash, deliveryId: _, ...mail } = former
  return { ...delivery, ...mail, handleHash: hash }
}

export type StoredLink = {
  /** As it was for the mail the link is in. */
  delivery: DeliveryRow
  position: number
  /** Its id in the message. */
  link: string
  url: string
}

/** The click link behind a token. @throws Refusal not-found, the same for every token that is none of ours */
export async function linkByToken(db: Db, text: string): Promise<StoredLink> {
  const token = parseLinkToken(text)
  if (token === null) throw unknownLink()
  const [row] = await db
    .select({
      delivery: deliveries,
      former: formerHandles,
      position: links.position,
      link: links.link,
      url: links.url,
    })
    .from(links)
    .innerJoin(deliveries, eq(deliveries.id, links.deliveryId))
    .leftJoin(formerHandles, eq(formerHandles.hash, links.handleHash))
    .where(eq(links.tokenHash, Buffer.from(hashToken(token), 'hex')))
  if (row === undefined) throw unknownLink()
  const { delivery, former, ...link } = row
  return { delivery: asOfMail(delivery, former), ...link }
}

/** The message's profile; where the message is gone, its purpose's. */
async function profileOf(db: Db, delivery: DeliveryRow): Promise<LinkedDelivery['profile']> {
  const [byMessage] = await db
    .select({ key: profiles.key, definition: profiles.definition })
    .from(messages)
    .innerJoin(profiles, eq(profiles.key, messages.profile))
    .where(eq(messages.key, delivery.message))
  const [row] =
    byMessage === undefined
      ? await db
          .select({ key: profiles.key, definition: profiles.definition })
          .from(purposes)
          .innerJoin(profiles, eq(profiles.key, purposes.profile))
          .where(eq(purposes.key, delivery.purpose))
      : [byMessage]
  if (row === undefined) throw unknownLink()
  return { key: row.key, definition: profileShape.parse(row.definition) }
}

function unknownLink(): Refusal {
  return new Refusal('not-found', 'there is no such link')
}
