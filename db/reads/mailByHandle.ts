/**
 * Finds the mail of a permanent link by its handle. The mail defines the scope of what the link does. The delivery is not read, because it
 * may have been deleted; links never expire.
 */
import { eq, getTableColumns, type InferSelectModel } from 'drizzle-orm'
import { hashHandle, hashToken, parseHandle, parseLinkToken } from '../../domain/messages/handles.ts'
import { Refusal } from '../../domain/refusal.ts'
import { type Profile, profileShape } from '../../domain/shapes/profile.ts'
import type { Db } from '../connect.ts'
import { contactPoints } from '../schema/contacts.ts'
import { messages, profiles, purposes } from '../schema/definitions.ts'
import { handles, links } from '../schema/deliveries.ts'

/** A mail that may have been sent, with the scope of its links at that time. */
export type Mail = Omit<InferSelectModel<typeof handles>, 'hash'>

export type LinkedMail = {
  mail: Mail
  contactPoint: typeof contactPoints.$inferSelect
  /** The profile under which it was sent. */
  profile: { key: string; definition: Profile }
}

/** @throws Refusal not-found, the same for every unknown handle */
export async function mailByHandle(db: Db, text: string): Promise<LinkedMail> {
  const handle = parseHandle(text)
  const mail = handle === null ? null : await findByHash(db, hashHandle(handle))
  if (mail === null) throw unknownLink()
  const [contactPoint] = await db
    .select()
    .from(contactPoints)
    .where(eq(contactPoints.id, mail.contactPointId))
  if (contactPoint === undefined) throw unknownLink()
  return { mail, contactPoint, profile: await profileOf(db, mail) }
}

/** The mail with this pixel; null if there is none. */
export async function findByOpenToken(db: Db, text: string): Promise<Mail | null> {
  const token = parseHandle(text)
  return token === null ? null : findByHash(db, hashToken(token))
}

async function findByHash(db: Db, hex: string): Promise<Mail | null> {
  const [row] = await db
    .select(mailColumns)
    .from(handles)
    .where(eq(handles.hash, Buffer.from(hex, 'hex')))
  return row ?? null
}

const { hash: _, ...mailColumns } = getTableColumns(handles)

export type StoredLink = {
  mail: Mail
  position: number
  /** Its id in the message. */
  link: string
  url: string
}

/** The click link of a token. @throws Refusal not-found, the same for every unknown token */
export async function linkByToken(db: Db, text: string): Promise<StoredLink> {
  const token = parseLinkToken(text)
  if (token === null) throw unknownLink()
  const [row] = await db
    .select({ mail: mailColumns, position: links.position, link: links.link, url: links.url })
    .from(links)
    .innerJoin(handles, eq(handles.hash, links.handleHash))
    .where(eq(links.tokenHash, Buffer.from(hashToken(token), 'hex')))
  if (row === undefined) throw unknownLink()
  return row
}

/** The profile of the message; if the message was deleted, that of its purpose. */
async function profileOf(db: Db, mail: Mail): Promise<LinkedMail['profile']> {
  const [byMessage] = await db
    .select({ key: profiles.key, definition: profiles.definition })
    .from(messages)
    .innerJoin(profiles, eq(profiles.key, messages.profile))
    .where(eq(messages.key, mail.message))
  const [row] =
    byMessage === undefined
      ? await db
          .select({ key: profiles.key, definition: profiles.definition })
          .from(purposes)
          .innerJoin(profiles, eq(profiles.key, purposes.profile))
          .where(eq(purposes.key, mail.purpose))
      : [byMessage]
  if (row === undefined) throw unknownLink()
  return { key: row.key, definition: profileShape.parse(row.definition) }
}

function unknownLink(): Refusal {
  return new Refusal('link-not-found', 'There is no such link. Copy the whole link from the message.')
}
