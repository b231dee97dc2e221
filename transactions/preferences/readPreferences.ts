/**
 * What the preference centre shows: the boxes of the contact point a link was sent to, and those of the person's other contact
 * points. Which purposes there are is the profile's matter; how each stands is the ledger's.
 */
import { and, eq, inArray, ne, or } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import type { Db } from '../../db/connect.ts'
import { deliveryByHandle, type LinkedDelivery } from '../../db/reads/deliveryByHandle.ts'
import { readStandings } from '../../db/reads/standings.ts'
import { contactAddresses, contactPoints } from '../../db/schema/contacts.ts'
import { purposes } from '../../db/schema/definitions.ts'
import { standing } from '../../domain/consent/standing.ts'
import type { Standings } from '../../domain/consent/types.ts'
import { type Box, type BoxGroup, isOn, newestWord } from '../../domain/preferences/boxes.ts'
import { Refusal } from '../../domain/refusal.ts'
import { type Purpose, purposeShape } from '../../domain/shapes/purpose.ts'

export type PointPreferences = {
  id: string
  channel: string
  address: string
  /** Head of the chain before the boxes were read: they have seen at least so far. */
  seen: number
  groups: BoxGroup[]
}

export type Preferences = LinkedDelivery & { own: PointPreferences; others: PointPreferences[] }

/** @throws Refusal not-found */
export async function readPreferences(db: Db, handle: string): Promise<Preferences> {
  const linked = await deliveryByHandle(db, handle)
  const own = await readPoint(db, linked.contactPoint, linked.profile)
  if (own === null) throw new Refusal('not-found', 'there is no such link')
  const others: PointPreferences[] = []
  for (const point of await otherPoints(db, linked)) {
    const read = await readPoint(db, point, linked.profile)
    if (read !== null) others.push(read)
  }
  return { ...linked, own, others }
}

type PointRow = Pick<typeof contactPoints.$inferSelect, 'id' | 'channel' | 'address' | 'headSeq'>

async function readPoint(
  db: Db,
  point: PointRow,
  profile: LinkedDelivery['profile'],
): Promise<PointPreferences | null> {
  if (point.address === null) return null
  const { id, channel, address, headSeq } = point
  return { id, channel, address, seen: headSeq, groups: await readBoxes(db, point, profile) }
}

/** The boxes of one contact point, as they stand now. */
export async function readBoxes(
  db: Db,
  point: Pick<PointRow, 'id' | 'channel'>,
  profile: LinkedDelivery['profile'],
): Promise<BoxGroup[]> {
  const { trackingPurpose = null, defaultTracking } = profile.definition
  const ofProfile = and(eq(purposes.profile, profile.key), inArray(purposes.kind, ['commercial', 'tracking']))
  const rows = await db
    .select({ key: purposes.key, version: purposes.version, definition: purposes.definition })
    .from(purposes)
    .where(trackingPurpose === null ? ofProfile : or(ofProfile, eq(purposes.key, trackingPurpose)))
    .orderBy(purposes.key)
  const standings = await readStandings(db, point.id)
  const now = await databaseNow(db)
  return rows.flatMap((row) => {
    const purpose = purposeShape.parse(row.definition)
    if (purpose.kind === 'transactional') return []
    const silence = purpose.kind === 'tracking' && defaultTracking === 'do-not-track' ? 'off' : 'on'
    const box = (topic: { key: string; name: string; description: string } | null) =>
      boxOf(row, purpose, purpose.kind === 'tracking' ? 'tracking' : 'commercial', topic, {
        channel: point.channel,
        standings,
        silence,
        now,
      })
    return [{ purpose: box(null), topics: purpose.topics.map(box) }]
  })
}

function boxOf(
  row: { key: string; version: number },
  purpose: Purpose,
  kind: Box['kind'],
  topic: { key: string; name: string; description: string } | null,
  stands: { channel: string; standings: Standings; silence: 'on' | 'off'; now: string },
): Box {
  const enforcement = purpose.channels?.[stands.channel] ?? purpose.enforcement
  const own = standing(stands.standings, row.key, topic?.key ?? null)
  return {
    purpose: row.key,
    purposeVersion: row.version,
    topic: topic?.key ?? null,
    kind,
    enforcement,
    name: (topic ?? purpose).name,
    description: (topic ?? purpose).description,
    standing: own,
    on: isOn(own, { enforcement, silence: stands.silence }, stands.now),
    saidAt: newestWord(stands.standings, row.key, topic?.key ?? null),
  }
}

/**
 * The other addresses of the person the message was for, while the address it went to is still theirs. A message for nobody in
 * particular (a confirmation) is for whoever is alone in having the address.
 */
async function otherPoints(db: Db, { delivery, contactPoint }: LinkedDelivery): Promise<PointRow[]> {
  const holders = await db
    .select({ contact: contactAddresses.contactId })
    .from(contactAddresses)
    .where(eq(contactAddresses.contactPointId, contactPoint.id))
  const [only] = holders
  const alone = holders.length === 1 && only !== undefined ? only.contact : null
  const person = holders.find((holder) => holder.contact === delivery.contactId)?.contact ?? null
  const contact = delivery.contactId === null ? alone : person
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
