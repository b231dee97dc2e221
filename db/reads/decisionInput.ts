/**
 * Reads everything that a decision depends on in one statement: the contact point, the purpose and topic, the profile's tracking purpose,
 * the consent states and the suppressions. A claim reads it under the contact point's lock; read without the lock, it gives a forecast.
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
import { given, PreparedQuery } from '../preparedQuery.ts'

/** One intended message. */
export type Intent = {
  /** By id (null: the contact has no address on the channel) or by address, normalised. */
  contactPoint: { id: string | null } | { address: string }
  channel: string
  purpose: string
  topic: string | null
  /** The profile whose tracking purpose applies; null: the profile of the purpose. */
  profile: string | null
  /** False if the message has `tracking: false`. */
  messageAllowsTracking: boolean
}

/** What the database adds to the intent. */
export type DecisionFacts = {
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
  const { channel, purpose, topic, profile } = intent
  const row =
    'id' in intent.contactPoint
      ? await byId.first(db, { channel, purpose, topic, profile, point: intent.contactPoint.id })
      : await byAddress.first(db, { channel, purpose, topic, profile, point: intent.contactPoint.address })
  if (row === undefined) throw new Error('the decision input query gave no row')
  return decisionInputOf(row.facts, intent, channels)
}

/**
 * The facts as one JSON value, which is cheaper to transfer and map than sixteen columns. Select it from `factSources`.
 * @param channel text expression
 */
export function decisionFacts(channel: SQL): SQL {
  const enforcement = (of: SQL) => sql`coalesce(${of}->'channels'->>${channel}, ${of}->>'enforcement')`
  return sql`json_build_object(
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
      from suppressions x where x.contact_point_id = cp.id and x.lifted_at is null))`
}

/** The left joins of the facts. @param of conditions and text expressions */
export function factSources(of: { point: SQL; purpose: SQL; topic: SQL; profile: SQL }): SQL {
  return sql`left join contact_points cp on ${of.point}
    left join purposes p on p.key = ${of.purpose}
    left join topics t on t.purpose = p.key and t.key = ${of.topic}
    left join profiles pr on pr.key = ${of.profile}
    left join purposes tp on tp.key = pr.definition->>'trackingPurpose'`
}

type Question = {
  channel: string
  point: string | null
  purpose: string
  topic: string | null
  profile: string | null
}

const channel = sql`${given('channel')}::text`
const byId = question(sql`cp.id = ${given('point')}::uuid and cp.channel = ${channel}`)
const byAddress = question(sql`cp.channel = ${channel} and cp.address = ${given('point')}::text`)

function question(point: SQL) {
  const sources = factSources({
    point,
    purpose: sql`${given('purpose')}::text`,
    topic: sql`${given('topic')}::text`,
    profile: sql`coalesce(${given('profile')}::text, p.profile)`,
  })
  return new PreparedQuery<Question, { facts: DecisionFacts }>(
    sql`select ${decisionFacts(channel)} as facts from (select 1) one ${sources}`,
  )
}

/** Combines facts and intent into the decision's input. */
export function decisionInputOf(
  row: DecisionFacts,
  intent: Omit<Intent, 'contactPoint' | 'profile'>,
  channels: ReadonlySet<string>,
): DecisionInput {
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

/** If anything is missing, the purpose is unknown, and an unknown purpose blocks. */
function purposeOf(row: DecisionFacts, key: string): DecisionInput['purpose'] {
  const { version, profile, kind, enforcement } = row
  if (version === null || profile === null || kind === null || enforcement === null)
    return { key, known: false }
  return { key, known: true, version, profile, kind, enforcement }
}
