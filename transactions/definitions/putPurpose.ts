/**
 * Puts a purpose with its topics. Loosening a live one (restrictive → non-restrictive, anywhere) makes people reachable who
 * never agreed: it is refused until the caller has seen how many, and confirms.
 */
import { eq, sql } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import type { Db } from '../../db/connect.ts'
import { profiles, purposes, topics } from '../../db/schema/definitions.ts'
import { own } from '../../domain/own.ts'
import { invalid, Refusal } from '../../domain/refusal.ts'
import { type Purpose, purposeShape } from '../../domain/shapes/purpose.ts'
import type { House } from '../house.ts'
import { nextVersion } from './nextVersion.ts'

/**
 * @param options.confirm the effect of loosening was shown and is wanted
 * @throws Refusal invalid for an unknown profile or a change of kind; conflict for an unconfirmed loosening
 */
export async function putPurpose(
  house: House,
  key: string,
  purpose: Purpose,
  options: { confirm: boolean },
): Promise<{ version: number }> {
  return house.db.transaction(async (tx) => {
    const [profile] = await tx
      .select({ key: profiles.key })
      .from(profiles)
      .where(eq(profiles.key, purpose.profile))
    if (profile === undefined) throw invalid('/profile', `there is no profile "${purpose.profile}"`)
    const put = await nextVersion(tx, 'purpose', key, purpose)
    const [live] = await tx.select().from(purposes).where(eq(purposes.key, key))
    if (live !== undefined) {
      if (live.kind !== purpose.kind)
        throw invalid('/kind', `"${key}" is ${live.kind}; a purpose does not change its kind`)
      const loosened = loosenedChannels(purposeShape.parse(live.definition), purpose)
      if (loosened.length > 0 && !options.confirm) {
        throw new Refusal(
          'conflict',
          'this makes contact points reachable that never opted in: repeat with ?confirm=true',
          {
            errors: loosened.map((pointer) => ({ pointer, message: 'would become non-restrictive' })),
            extra: { effect: { becomeReachable: await undecidedPoints(tx, key) } },
          },
        )
      }
    }
    const row = {
      key,
      version: put.version,
      profile: purpose.profile,
      kind: purpose.kind,
      definition: purpose,
      updatedAt: await databaseNow(tx),
    }
    await tx.insert(purposes).values(row).onConflictDoUpdate({ target: purposes.key, set: row })
    // One that was deleted took its topics along, and comes back under the version it had.
    if (put.changed || live === undefined) {
      await tx.delete(topics).where(eq(topics.purpose, key))
      if (purpose.topics.length > 0) {
        await tx
          .insert(topics)
          .values(purpose.topics.map((topic, position) => ({ ...topic, purpose: key, position })))
      }
    }
    return { version: put.version }
  })
}

/** Pointers of the settings by which some channel turns from restrictive to non-restrictive. */
function loosenedChannels(before: Purpose, after: Purpose): string[] {
  const channels = new Set([...Object.keys(before.channels ?? {}), ...Object.keys(after.channels ?? {})])
  const loosened = [...channels].filter(
    (channel) =>
      (own(before.channels, channel) ?? before.enforcement) === 'restrictive' &&
      (own(after.channels, channel) ?? after.enforcement) === 'non-restrictive',
  )
  const pointers = loosened.map((channel) => `/channels/${channel}`)
  if (before.enforcement === 'restrictive' && after.enforcement === 'non-restrictive')
    pointers.unshift('/enforcement')
  return pointers
}

/** Contact points for which neither the purpose nor `*` was ever opted in or out. */
async function undecidedPoints(tx: Db, purpose: string): Promise<number> {
  const [row] = await tx.execute<{ count: number }>(sql`
    select count(*)::int as count from contact_points cp
    where cp.erased_at is null and not exists (
      select from consent_states s
      where s.contact_point_id = cp.id and s.topic = '' and s.purpose in (${purpose}, '*')
        and s.entry->'newest' <> 'null'::jsonb)`)
  return row?.count ?? 0
}
