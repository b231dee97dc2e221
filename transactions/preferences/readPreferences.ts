/**
 * What the preference centre shows: the boxes of the contact point a link was sent to, and those of the person's other contact
 * points. The profile and the message say which purposes there are; the ledger says how each stands.
 */
import { and, desc, eq, inArray, lte, ne, or, sql } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import type { Db } from '../../db/connect.ts'
import { type LinkedMail, mailByHandle } from '../../db/reads/mailByHandle.ts'
import { readStandings } from '../../db/reads/standings.ts'
import { contactAddresses, contactPoints } from '../../db/schema/contacts.ts'
import { purposes, purposeVersions } from '../../db/schema/definitions.ts'
import type { Place } from '../../domain/consent/scope.ts'
import type { Standings } from '../../domain/consent/types.ts'
import { type BoxGroup, boxesOf } from '../../domain/preferences/boxes.ts'
import { Refusal } from '../../domain/refusal.ts'
import { type Purpose, purposeShape } from '../../domain/shapes/purpose.ts'

type PointPreferences = {
  id: string
  channel: string
  address: string
  /** Head of the chain before the boxes were read: they have seen at least so far. */
  seen: number
  groups: BoxGroup[]
}

export type Preferences = LinkedMail & { own: PointPreferences; others: PointPreferences[] }

/** @throws Refusal not-found */
export async function readPreferences(db: Db, handle: string): Promise<Preferences> {
  const linked = await mailByHandle(db, handle)
  const own = await readPoint(db, linked.contactPoint, linked)
  if (own === null)
    throw new Refusal('link-not-found', 'There is no such link. Copy the whole link from the message.')
  const others: PointPreferences[] = []
  for (const point of await otherPoints(db, linked)) {
    const read = await readPoint(db, point, linked)
    if (read !== null) others.push(read)
  }
  return { ...linked, own, others }
}

type PointRow = Pick<typeof contactPoints.$inferSelect, 'id' | 'channel' | 'address' | 'headSeq'>

async function readPoint(
  db: Db,
  point: PointRow,
  { profile, mail }: LinkedMail,
): Promise<PointPreferences | null> {
  if (point.address === null) return null
  const { id, channel, address, headSeq } = point
  const { groups } = await readBoxes(db, point, profile, mail)
  return { id, channel, address, seen: headSeq, groups }
}

/** The boxes of one contact point as they stand now, and what they rest on. */
export async function readBoxes(
  db: Db,
  point: Pick<PointRow, 'id' | 'channel'>,
  profile: LinkedMail['profile'],
  own: Place,
): Promise<{ groups: BoxGroup[]; standings: Standings }> {
  const offered = await readOffered(db, profile, own)
  const standings = await readStandings(db, point.id)
  const { defaultTracking = 'track' } = profile.definition
  const stands = { channel: point.channel, standings, defaultTracking, now: await databaseNow(db) }
  return { groups: offered.flatMap((purpose) => boxesOf(purpose, stands) ?? []), standings }
}

type Offered = { key: string; version: number; definition: Purpose }

/**
 * The purposes of the profile, its tracking purpose, and always that of the message whose link opened the page, whatever profile
 * it belongs to: whoever is written to must be able to end it here.
 */
async function readOffered(db: Db, profile: LinkedMail['profile'], own: Place): Promise<Offered[]> {
  const { trackingPurpose } = profile.definition
  const keys = trackingPurpose === undefined ? [own.purpose] : [own.purpose, trackingPurpose]
  const rows = await db
    .select({ key: purposes.key, version: purposes.version, definition: purposes.definition })
    .from(purposes)
    .where(or(eq(purposes.profile, profile.key), inArray(purposes.key, keys)))
    .orderBy(purposes.key)
  const offered = []
  for (const row of rows) {
    offered.push(await withOwnTopic(db, { ...row, definition: purposeShape.parse(row.definition) }, own))
  }
  return offered
}

/** The message's topic may have been taken out of its purpose since: its box has the words it had last. */
async function withOwnTopic(db: Db, offered: Offered, own: Place): Promise<Offered> {
  const { key, definition } = offered
  if (key !== own.purpose || own.topic === null) return offered
  if (definition.topics.some((topic) => topic.key === own.topic)) return offered
  const gone = await lastWordsOfTopic(db, { purpose: key, topic: own.topic }, offered.version)
  if (gone === null) return offered
  return { ...offered, definition: { ...definition, topics: [...definition.topics, gone] } }
}

/** What a topic was called and said to be, in the newest version of its purpose that had it. */
export async function lastWordsOfTopic(
  db: Db,
  { purpose, topic }: { purpose: string; topic: string },
  upToVersion: number,
): Promise<Purpose['topics'][number] | null> {
  const [last] = await db
    .select({ definition: purposeVersions.definition })
    .from(purposeVersions)
    .where(
      and(
        eq(purposeVersions.key, purpose),
        lte(purposeVersions.version, upToVersion),
        sql`${purposeVersions.definition} @> ${JSON.stringify({ topics: [{ key: topic }] })}::jsonb`,
      ),
    )
    .orderBy(desc(purposeVersions.version))
    .limit(1)
  if (last === undefined) return null
  return purposeShape.parse(last.definition).topics.find((one) => one.key === topic) ?? null
}

/**
 * The other addresses of the person the message was for, while the address it went to is still theirs. A message for nobody in
 * particular (a confirmation) is for whoever is alone in having the address.
 */
async function otherPoints(db: Db, { mail, contactPoint }: LinkedMail): Promise<PointRow[]> {
  const holders = await db
    .select({ contact: contactAddresses.contactId })
    .from(contactAddresses)
    .where(eq(contactAddresses.contactPointId, contactPoint.id))
  const [only] = holders
  const alone = holders.length === 1 && only !== undefined ? only.contact : null
  const person = holders.find((holder) => holder.contact === mail.contactId)?.contact ?? null
  const contact = mail.contactId === null ? alone : person
  if (contact === null) return []
  return db
    .select({
      id: contactPoints.id,
      channel: contactPoints.channel,
      address: contactPoints.address,
      headSeq: contactPoints.headSeq,
    })
    .from(contactAddresses)
    .innerJoin(contactPoints, eq(contactPoints.id, contactAddresses.contactPointId))
    .where(and(eq(contactAddresses.contactId, contact), ne(contactPoints.id, contactPoint.id)))
    .orderBy(contactPoints.id)
}
