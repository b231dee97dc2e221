/**
 * The input of a decision at a past moment: the ledger in that view, and purpose, profile and suppressions in the
 * versions recorded by then. For a moment before the first version, the first version counts, unless `knownAt` excludes
 * it: imported consent may be older than its purpose. One snapshot.
 */
import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { databaseNow } from '../db/clock.ts'
import type { Db } from '../db/connect.ts'
import { standing } from '../domain/consent/standing.ts'
import type { DecisionInput, Enforcement, View } from '../domain/consent/types.ts'
import { enforcementShape } from '../domain/shapes/purpose.ts'
import { boundOf, type PastPoint, readPastPoint } from './pastPoint.ts'

/** One intended message; the contact point is given by its normalised address. */
export type PastIntent = { channel: string; address: string; purpose: string; topic: string | null }

/** The members of stored definitions that a decision reads. Lenient: versions outlive the shape they were put in. */
const pastPurpose = z.object({
  profile: z.string().default('default'),
  kind: z.enum(['commercial', 'transactional', 'tracking']),
  enforcement: enforcementShape.default('restrictive'),
  channels: z.record(z.string(), enforcementShape).optional(),
  topics: z.array(z.object({ key: z.string() })).default([]),
})
type PastPurpose = z.infer<typeof pastPurpose> & { version: number }
const pastProfile = z.object({
  trackingPurpose: z.string().optional(),
  defaultTracking: z.enum(['track', 'do-not-track']).optional(),
})
type PastProfile = z.infer<typeof pastProfile> & { version: number }

/** @param view with at least one of its bounds */
export async function readPastDecisionInput(
  db: Db,
  intent: PastIntent,
  channels: ReadonlySet<string>,
  view: View,
): Promise<DecisionInput> {
  return db.transaction(
    async (tx) => {
      const now = view.asOf ?? view.knownAt ?? (await databaseNow(tx))
      const bound = boundOf(view) ?? now
      const point = await readPastPoint(tx, intent.channel, intent.address, view)
      const moment = { bound, knownAt: view.knownAt ?? null }
      const purpose = await versionAt(tx, sql`purpose_versions`, intent.purpose, moment, pastPurpose)
      const profile =
        purpose === null
          ? null
          : await versionAt(tx, sql`profile_versions`, purpose.profile, moment, pastProfile)
      const tracking =
        profile?.trackingPurpose === undefined
          ? null
          : await versionAt(tx, sql`purpose_versions`, profile.trackingPurpose, moment, pastPurpose)
      return {
        policyVersion: 1,
        now,
        channel: { key: intent.channel, known: channels.has(intent.channel) },
        contactPoint: { id: point.id, seq: point.seq },
        ...purposeAndTopic(intent, purpose),
        standing: {
          purpose: standing(point.standings, intent.purpose, null),
          topic: intent.topic === null ? null : standing(point.standings, intent.purpose, intent.topic),
        },
        suppressions: await suppressionsAt(tx, point, bound),
        tracking: trackingOf(intent, point, profile, tracking),
      }
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  )
}

async function versionAt<S extends z.ZodObject>(
  tx: Db,
  table: SQL,
  key: string,
  { bound, knownAt }: { bound: string; knownAt: string | null },
  shape: S,
): Promise<(z.output<S> & { version: number }) | null> {
  const [row] = await tx.execute<{ version: number; definition: unknown }>(sql`
    select version, definition from ${table}
    where key = ${key} and (${knownAt}::timestamptz is null or recorded_at <= ${knownAt}::timestamptz)
    order by recorded_at <= ${bound}::timestamptz desc,
      case when recorded_at <= ${bound}::timestamptz then -version else version end
    limit 1`)
  return row === undefined ? null : { ...shape.parse(row.definition), version: row.version }
}

function purposeAndTopic(
  intent: PastIntent,
  purpose: PastPurpose | null,
): Pick<DecisionInput, 'purpose' | 'topic'> {
  const { purpose: key, topic } = intent
  return {
    purpose:
      purpose === null
        ? { key, known: false }
        : {
            key,
            known: true,
            version: purpose.version,
            profile: purpose.profile,
            kind: purpose.kind,
            enforcement: enforcementOf(purpose, intent.channel),
          },
    topic:
      topic === null
        ? null
        : { key: topic, known: purpose?.topics.some((one) => one.key === topic) === true },
  }
}

function trackingOf(
  { channel }: PastIntent,
  { standings }: PastPoint,
  profile: PastProfile | null,
  purpose: PastPurpose | null,
): DecisionInput['tracking'] {
  const key = profile?.trackingPurpose
  return {
    messageAllows: true,
    profileVersion: profile?.version ?? null,
    purpose:
      key === undefined
        ? null
        : {
            key,
            known: purpose !== null,
            enforcement: purpose === null ? 'restrictive' : enforcementOf(purpose, channel),
            kind: purpose?.kind ?? 'tracking',
          },
    default: profile?.defaultTracking ?? 'track',
    standing: standing(standings, key ?? '', null),
  }
}

function enforcementOf(purpose: PastPurpose, channel: string): Enforcement {
  const byChannel = new Map(Object.entries(purpose.channels ?? {}))
  return byChannel.get(channel) ?? purpose.enforcement
}

async function suppressionsAt(
  tx: Db,
  point: PastPoint,
  bound: string,
): Promise<DecisionInput['suppressions']> {
  if (point.id === null) return []
  const rows = await tx.execute<DecisionInput['suppressions'][number]>(sql`
    select id, kind from suppressions
    where contact_point_id = ${point.id}::uuid and since <= ${bound}::timestamptz
      and (lifted_at is null or lifted_at > ${bound}::timestamptz)
    order by id`)
  return rows.map(({ id, kind }) => ({ id, kind }))
}
