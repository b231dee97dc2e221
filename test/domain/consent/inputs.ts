/** Every value a part of a decision input can take, as far as the rules can tell values apart. */
import type {
  DecisionInput,
  Enforcement,
  PurposeKind,
  Standing,
  SuppressionKind,
} from '../../../domain/consent/types.ts'

export const now = '2026-11-23T08:15:30.000Z'
const before = '2026-11-01T00:00:00.000Z'
const out = (by: Standing['by'], event: string, pending = false): Standing => ({
  state: 'opted-out',
  by,
  since: before,
  events: [event],
  expiresAt: null,
  pending,
})
const optedIn = (expiresAt: string | null, event: string, pending = false): Standing => ({
  state: 'opted-in',
  by: 'own',
  since: before,
  events: [event],
  expiresAt,
  pending,
})

/** The ways a purpose, or what is asked about like one, can stand. `name` keeps event ids apart. */
export function standings(name: string): Standing[] {
  return [
    { state: 'none', by: null, since: null, events: [], expiresAt: null, pending: false },
    { state: 'none', by: null, since: null, events: [`${name}-asked`], expiresAt: null, pending: true },
    optedIn(null, `${name}-in`),
    optedIn(null, `${name}-in`, true),
    optedIn('2026-11-23T08:15:30.001Z', `${name}-in-for-a-moment`),
    optedIn('2026-11-23T08:15:30.000Z', `${name}-in-until-now`),
    optedIn('2026-11-23T08:15:29.999999Z', `${name}-in-until-before`),
    optedIn('2026-11-01T00:00:00Z', `${name}-in-until-long-ago`, true),
    out('own', `${name}-out`),
    out('own', `${name}-out`, true),
    out('everything', 'everything-out'),
  ]
}

export const topicStandings: (Standing | null)[] = [
  ...standings('topic'),
  out('purpose', 'purpose-out'),
  out('purpose', 'purpose-out', true),
  {
    state: 'none',
    by: null,
    since: null,
    events: ['topic-in', 'purpose-out'],
    expiresAt: null,
    pending: false,
  },
  null,
]

export const kinds: PurposeKind[] = ['commercial', 'transactional', 'tracking']
export const enforcements: Enforcement[] = ['restrictive', 'non-restrictive']
export const booleans = [true, false]

const suppressionKinds: SuppressionKind[] = ['hard-bounced', 'invalid', 'complained', 'erased']
/** All sixteen subsets. */
export const suppressionSets: DecisionInput['suppressions'][] = Array.from({ length: 16 }, (_, bits) =>
  suppressionKinds.filter((_, bit) => (bits >> bit) & 1).map((kind) => ({ id: `suppression-${kind}`, kind })),
)

export const purposes: DecisionInput['purpose'][] = [
  { key: 'marketing', known: false },
  ...kinds.flatMap((kind) =>
    enforcements.map((enforcement) => ({
      key: 'marketing',
      known: true as const,
      version: 3,
      profile: 'default',
      kind,
      enforcement,
    })),
  ),
]

export const topics: DecisionInput['topic'][] = [
  null,
  { key: 'events', known: true },
  { key: 'events', known: false },
]

export const trackingPurposes: DecisionInput['tracking']['purpose'][] = [
  null,
  ...kinds.flatMap((kind) =>
    enforcements.flatMap((enforcement) =>
      booleans.map((known) => ({ key: 'tracking', known, enforcement, kind })),
    ),
  ),
]

/** A plain input that is allowed and tracked; tests change what they are about. */
export const plain: DecisionInput = {
  policyVersion: 1,
  now,
  channel: { key: 'email', known: true },
  contactPoint: { id: '019341f0-7c00-7000-8000-000000000001', seq: 7 },
  purpose: {
    key: 'marketing',
    known: true,
    version: 3,
    profile: 'default',
    kind: 'commercial',
    enforcement: 'restrictive',
  },
  topic: null,
  standing: { purpose: optedIn(null, 'purpose-in'), topic: null },
  suppressions: [],
  tracking: {
    messageAllows: true,
    profileVersion: 2,
    purpose: { key: 'tracking', known: true, enforcement: 'restrictive', kind: 'tracking' },
    default: 'track',
    standing: optedIn(null, 'tracking-in'),
  },
}
