/**
 * Everything a decision depends on, as it stands now, in one statement: the contact point, the purpose and topic, the profile's
 * tracking purpose, what the ledger folded to, and the suppressions. Read under the contact point's lock it is what a claim
 * rests on; read without, it is a forecast.
 */
import { type SQL, sql } from 'drizzle-orm'
import { standing } from '../../domain/consent/standing.ts'
import type {
  DecisionInput,
  Enforcement,
  Entry,
  PurposeKind,
  SuppressionKind,
} from '../../domain/consent/types.ts'
import type { Db } from '../connect.ts'

/** One intended message. */
export type Intent = {
  /** By id (null: the contact has no address on the channel) or by address, normalised. */
  contactPoint: { id: string | null } | { address: string }
  channel: string
  purpose: string
  topic: string | null
  /** Profile whose tracking purpose counts; null: the purpose's own. */
  profile: string | null
  /** False where the message says `tracking: false`. */
  messageAllowsTracking: boolean
}

type Row = {
  now: string
  point: string | null
  seq: string | null
  version: number | null
  profile: string | null
  kind: PurposeKind | null
  enforcement: Enforcement | null
  topicKnown: boolean
  profileVersion: number | null
  trackingPurpose: string | null
  defaultTracking: 'track' | 'do-not-track' | null
  trackingKind: PurposeKind | null
  trackingEnforcement: Enforcement | null
  entries: Entry[]
  suppressions: { id: string; kind: SuppressionKind }[]
}

export async function readDecisionInput(
  db: Db,
  intent: Intent,
  channels: ReadonlySet<string>,
): Promise<DecisionInput> {
  const { channel } = intent
  const rows = await db.execute<Row>(sql`
    select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as now,
      cp.id as point, cp.head_seq as seq,
      p.version, p.profile, p.kind,
      coalesce(p.definition->'channels'->>${channel}, p.definition->>'enforcement') as enforcement,
      t.key is not null as "topicKnown",
      pr.version as "profileVersion",
      pr.definition->>'trackingPurpose' as "trackingPurpose",
      pr.definition->>'defaultTracking' as "defaultTracking",
      tp.kind as "trackingKind",
      coalesce(tp.definition->'channels'->>${channel}, tp.definition->>'enforcement') as "trackingEnforcement",
      (select coalesce(jsonb_agg(s.entry), '[]') from consent_states s
        where s.contact_point_id = cp.id and s.purpose in ('*', p.key, tp.key)) as entries,
      (select coalesce(jsonb_agg(jsonb_build_object('id', x.id, 'kind', x.kind) order by x.id), '[]') from suppressions x
        where x.contact_point_id = cp.id and x.lifted_at is null) as suppressions
    from (select 1) one
      left join contact_points cp on ${matchPoint(intent)}
      left join purposes p on p.key = ${intent.purpose}
      left join topics t on t.purpose = p.key and t.key = ${intent.topic}::text
      left join profiles pr on pr.key = coalesce(${intent.profile}::text, p.profile)
      left join purposes tp on tp.key = pr.definition->>'trackingPurpose'`)
  const [row] = rows
  if (row === undefined) throw new Error('the decision input query gave no row')
  return assemble(row, intent, channels)
}

function matchPoint(intent: Intent): SQL {
  if ('id' in intent.contactPoint)
    return sql`cp.id = ${intent.contactPoint.id}::uuid and cp.channel = ${intent.channel}`
  return sql`cp.channel = ${intent.channel} and cp.address = ${intent.contactPoint.address}`
}

function assemble(row: Row, intent: Intent, channels: ReadonlySet<string>): DecisionInput {
  const standings = { entries: row.entries }
  return {
    policyVersion: 1,
    now: row.now,
    channel: { key: intent.channel, known: channels.has(intent.channel) },
    contactPoint: { id: row.point, seq: Number(row.seq ?? 0) },
    purpose: purposeOf(row, intent.purpose),
    topic: intent.topic === null ? null : { key: intent.topic, known: row.topicKnown },
    standing: {
      purpose: standing(standings, intent.purpose, null),
      topic: intent.topic === null ? null : standing(standings, intent.purpose, intent.topic),
    },
    suppressions: row.suppressions,
    tracking: {
      messageAllows: intent.messageAllowsTracking,
      profileVersion: row.profileVersion,
      purpose:
        row.trackingPurpose === null
          ? null
          : {
              key: row.trackingPurpose,
              known: row.trackingKind !== null,
              enforcement: row.trackingEnforcement ?? 'restrictive',
              kind: row.trackingKind ?? 'tracking',
            },
      default: row.defaultTracking ?? 'track',
      standing: standing(standings, row.trackingPurpose ?? '', null),
    },
  }
}

/** Anything missing makes it unknown, and an unknown purpose blocks. */
function purposeOf(row: Row, key: string): DecisionInput['purpose'] {
  const { version, profile, kind, enforcement } = row
  if (version === null || profile === null || kind === null || enforcement === null)
    return { key, known: false }
  return { key, known: true, version, profile, kind, enforcement }
}
