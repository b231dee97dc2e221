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
  seq: number | null
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
  const by = 'id' in intent.contactPoint ? 'id' : 'address'
  const [row] = await statement(db, by).execute({
    channel: intent.channel,
    point: 'id' in intent.contactPoint ? intent.contactPoint.id : intent.contactPoint.address,
    purpose: intent.purpose,
    topic: intent.topic,
    profile: intent.profile,
  })
  if (row === undefined) throw new Error('the decision input query gave no row')
  return assemble(row.facts, intent, channels)
}

type By = 'id' | 'address'
const statements = new WeakMap<Db, Map<By, ReturnType<typeof prepare>>>()

/** Built once per pool or transaction, and planned by Postgres once per connection: planning these joins takes longer than running them. */
function statement(db: Db, by: By): ReturnType<typeof prepare> {
  const known = statements.get(db) ?? new Map<By, ReturnType<typeof prepare>>()
  statements.set(db, known)
  const prepared = known.get(by) ?? prepare(db, by)
  known.set(by, prepared)
  return prepared
}

function prepare(db: Db, by: By) {
  const given = (name: 'channel' | 'point' | 'purpose' | 'topic' | 'profile') =>
    sql`${sql.placeholder(name)}::text`
  const enforcement = (of: SQL) =>
    sql<Enforcement | null>`coalesce(${of}->'channels'->>${given('channel')}, ${of}->>'enforcement')`
  const point =
    by === 'id'
      ? sql`cp.id = ${sql.placeholder('point')}::uuid and cp.channel = ${given('channel')}`
      : sql`cp.channel = ${given('channel')} and cp.address = ${given('point')}`
  return db
    .select({
      // One value, read at once: sixteen would each be carried, mapped and named.
      facts: sql<Row>`json_build_object(
        'now', to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'point', cp.id, 'seq', cp.head_seq,
        'version', p.version, 'profile', p.profile, 'kind', p.kind,
        'enforcement', ${enforcement(sql`p.definition`)},
        'topicKnown', t.key is not null,
        'profileVersion', pr.version,
        'trackingPurpose', pr.definition->>'trackingPurpose',
        'defaultTracking', pr.definition->>'defaultTracking',
        'trackingKind', tp.kind,
        'trackingEnforcement', ${enforcement(sql`tp.definition`)},
        'entries', (select coalesce(json_agg(s.entry), '[]') from consent_states s
          where s.contact_point_id = cp.id and s.purpose in ('*', p.key, tp.key)),
        'suppressions', (select coalesce(json_agg(json_build_object('id', x.id, 'kind', x.kind) order by x.id), '[]')
          from suppressions x where x.contact_point_id = cp.id and x.lifted_at is null))`,
    })
    .from(sql`(select 1) one
      left join contact_points cp on ${point}
      left join purposes p on p.key = ${given('purpose')}
      left join topics t on t.purpose = p.key and t.key = ${given('topic')}
      left join profiles pr on pr.key = coalesce(${given('profile')}, p.profile)
      left join purposes tp on tp.key = pr.definition->>'trackingPurpose'`)
    .prepare('decision_input')
}

function assemble(row: Row, intent: Intent, channels: ReadonlySet<string>): DecisionInput {
  const standings = { entries: row.entries }
  return {
    policyVersion: 1,
    now: row.now,
    channel: { key: intent.channel, known: channels.has(intent.channel) },
    contactPoint: { id: row.point, seq: row.seq ?? 0 },
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
