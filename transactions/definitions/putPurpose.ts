/**
 * Puts a purpose with its topics. Changing a setting from restrictive to non-restrictive makes people reachable who never agreed. So it is
 * refused, with their number, until the caller confirms.
 */
import { eq, sql } from 'drizzle-orm'
import { databaseNow } from '../../db/clock.ts'
import type { Db } from '../../db/connect.ts'
import { profiles, purposes, topics } from '../../db/schema/definitions.ts'
import { own } from '../../domain/own.ts'
import { invalid, Refusal } from '../../domain/refusal.ts'
import { unknownProfile } from '../../domain/refusals/unknown.ts'
import { type Purpose, purposeShape } from '../../domain/shapes/purpose.ts'
import type { Deps } from '../deps.ts'
import { nextVersion } from './nextVersion.ts'

import { type DefinitionReadBack, refuseOther } from './readBack.ts'
/**
 * @param options.confirm the effect of loosening was shown and is wanted
 * @throws Refusal invalid for an unknown profile or a change of kind; conflict for an unconfirmed loosening
 */
export async function putPurpose(
  deps: Deps,
  key: string,
  purpose: Purpose,
  options: { confirm: boolean; readBack?: DefinitionReadBack },
): Promise<{ version: number }> {
  return deps.db.transaction(async (tx) => {
    await refuseOther(tx, 'purpose', key, purpose, options.readBack ?? {})
    const [profile] = await tx
      .select({ key: profiles.key })
      .from(profiles)
      .where(eq(profiles.key, purpose.profile))
    if (profile === undefined) throw unknownProfile('/profile', purpose.profile)
    const put = await nextVersion(tx, 'purpose', key, purpose)
    const [live] = await tx.select().from(purposes).where(eq(purposes.key, key))
    if (live !== undefined) {
      if (live.kind !== purpose.kind)
        throw invalid(
          '/kind',
          'kind-is-fixed',
          `"${key}" is ${live.kind}, and a purpose cannot change its kind. Create another purpose.`,
        )
      if (!options.confirm) await refuseUnseenEffect(tx, key, purposeShape.parse(live.definition), purpose)
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

/** @throws Refusal conflict if people would become reachable who never opted in; with none, no confirmation is needed */
async function refuseUnseenEffect(tx: Db, key: string, before: Purpose, after: Purpose): Promise<void> {
  // Transactional messages ask no consent, so how it is enforced changes nothing.
  if (after.kind === 'transactional') return
  const loosened = loosenedBy(before, after)
  if (loosened.pointers.length === 0) return
  const becomeReachable = await undecidedPoints(tx, key, loosened)
  if (becomeReachable === 0) return
  throw new Refusal(
    'confirmation-needed',
    `This makes ${becomeReachable} contact points reachable that never opted in. If that is intended, repeat the request with ?confirm=true.`,
    {
      errors: loosened.pointers.map((pointer) => ({
        pointer,
        code: 'confirmation-needed',
        message: 'This would become non-restrictive.',
      })),
      extra: { effect: { becomeReachable } },
    },
  )
}

type Loosened = {
  /** JSON pointers of the settings that turn from restrictive to non-restrictive. */
  pointers: string[]
  /** Channels that a setting of their own loosens. */
  channels: string[]
  /** Channels that have a setting of their own: the default does not reach them. */
  named: string[]
  byDefault: boolean
}

function loosenedBy(before: Purpose, after: Purpose): Loosened {
  const named = [...new Set([...Object.keys(before.channels ?? {}), ...Object.keys(after.channels ?? {})])]
  const channels = named.filter(
    (channel) =>
      (own(before.channels, channel) ?? before.enforcement) === 'restrictive' &&
      (own(after.channels, channel) ?? after.enforcement) === 'non-restrictive',
  )
  const byDefault = before.enforcement === 'restrictive' && after.enforcement === 'non-restrictive'
  const pointers = [
    ...(byDefault ? ['/enforcement'] : []),
    ...channels.map((channel) => `/channels/${channel}`),
  ]
  return { pointers, channels, named, byDefault }
}

/** Contact points on the loosened channels for which neither the purpose nor `*` was ever opted in or out. */
async function undecidedPoints(tx: Db, purpose: string, loosened: Loosened): Promise<number> {
  const [row] = await tx.execute<{ count: number }>(sql`
    select count(*)::int as count from contact_points cp
    where cp.erased_at is null
      and (cp.channel in (select jsonb_array_elements_text(${JSON.stringify(loosened.channels)}::jsonb))
        or (${loosened.byDefault}
          and cp.channel not in (select jsonb_array_elements_text(${JSON.stringify(loosened.named)}::jsonb))))
      and not exists (
        select from consent_states s
        where s.contact_point_id = cp.id and s.topic = '' and s.purpose in (${purpose}, '*')
          and s.entry->'newest' <> 'null'::jsonb)`)
  return row?.count ?? 0
}
