/**
 * How long Assent keeps data that would otherwise grow without limit. The sweeps (`transactions/retention/`), the table
 * in docs/operations.md, the setting ASSENT_RETENTION and the tests all read this table, so they cannot differ.
 *
 * Every table of the database is named here once: in a retention, or in `keptForGood` with the reason.
 */

export type Retention = {
  /** The database tables that lose rows. */
  tables: readonly string[]
  /** What is deleted. */
  what: string
  /** When the days begin to count. */
  since: string
  /** Days, unless ASSENT_RETENTION says otherwise. */
  days: number
  /** The fewest days that ASSENT_RETENTION may set; null: the days are part of the API and are fixed. */
  least: number | null
  /** What is kept after that. */
  stays: string
}

export const retentions = {
  'run-paths': {
    tables: ['run_path', 'waits'],
    what: 'paths and waits of runs; the run itself, if nothing was sent or blocked for it',
    since: 'the end of the run',
    days: 400,
    least: 30,
    stays:
      'a run with a delivery, since its payload shows what the message said; re-entry rules have their own table',
  },
  'trigger-events': {
    tables: ['trigger_events'],
    what: 'trigger events with their payloads, opens and clicks included',
    since: 'the event',
    days: 400,
    least: 30,
    stays:
      'an event that an open run of its contact began with, or that came after: a wait may still count it',
  },
  'trigger-ids': {
    tables: ['trigger_ids'],
    what: 'ids of triggers, with what they were answered',
    since: 'the trigger',
    days: 400,
    least: null,
    stays: 'nothing: a trigger that is repeated later counts again',
  },
  'idempotency-answers': {
    tables: ['idempotency_keys'],
    what: 'answers to an `Idempotency-Key`',
    since: 'the first request',
    days: 7,
    least: null,
    stays: 'nothing: a request that is repeated later is carried out again',
  },
  'provider-answers': {
    tables: [],
    what: 'the words of a mail server’s answer to a delivery',
    since: 'the delivery was due',
    days: 90,
    least: 30,
    stays: 'the delivery with its state, reason and times, and the codes of the answer',
  },
  'confirmation-links': {
    tables: ['double_opt_in_tokens'],
    what: 'tokens of confirmation links; the link then leads to a 404',
    since: 'the mail',
    days: 400,
    least: 30,
    stays:
      'the token of a request that is still pending; the request, its mails and its ledger events always',
  },
  verifications: {
    tables: ['ledger_verifications'],
    what: 'outcomes of ledger verifications',
    since: 'the end of the verification',
    days: 400,
    least: null,
    stays: 'a verification that has not ended',
  },
  'test-mails': {
    tables: ['test_mails'],
    what: 'test mails; their address and content are deleted as soon as they are settled',
    since: 'the request',
    days: 30,
    least: null,
    stays: 'nothing',
  },
  workers: {
    tables: ['workers'],
    what: 'rows of workers that died',
    since: 'their last sign of life',
    days: 1,
    least: null,
    stays: 'nothing',
  },
} as const satisfies Record<string, Retention>

export type RetentionName = keyof typeof retentions

export const retentionNames = Object.keys(retentions).filter(
  (name): name is RetentionName => name in retentions,
)

/** Tables from which no sweep deletes a row, and why. */
export const keptForGood: Readonly<Record<string, string>> = {
  consent_events: 'the ledger is append-only',
  notices: 'the wording that consent events rest on',
  consent_states: 'one row for each consent: what the ledger yields',
  suppressions: 'stops on addresses; lifted ones are part of the evidence',
  deliveries: 'each proves that a message was permitted and sent, or blocked',
  delivery_contents: 'confirmation mails in the words they were sent in',
  decision_frames: 'what the decisions on a version share',
  handles: 'the scope of the links in a mail, which never expire',
  links: 'links in mails go on leading to their targets; the clicks are trigger events',
  double_opt_ins: 'the request is evidence beside its confirmation',
  runs: 'one row for each run with a delivery; see `run-paths`',
  open_runs: 'a row is deleted as its run ends',
  busy_runs: 'a row is deleted as its run waits or ends',
  journey_entries: 'one row for each contact and journey: re-entry rules read it',
  contacts: 'kept until the contact is deleted',
  contact_points: 'the head of each chain',
  contact_addresses: 'kept with the contact',
  former_addresses: 'one row for each contact and channel: opt-outs go along to a new address',
  profiles: 'a definition',
  profile_versions: 'decisions and mails name the version they used',
  purposes: 'a definition',
  purpose_versions: 'decisions name the version they used',
  topics: 'part of a definition',
  messages: 'a definition',
  message_versions: 'deliveries name the version that was sent',
  trigger_definitions: 'a definition',
  journeys: 'a definition',
  journey_versions: 'runs name the version they follow',
  api_keys: 'events and settlements name the key that made them',
  outbox: 'a row is deleted once it is told; a parked row waits for an operator',
  recovery: 'one row',
  retention_progress: 'one row for each sweep that goes on where it was',
  schema_migrations: 'one row for each migration',
}

/** The most days that ASSENT_RETENTION may set: a hundred years. */
const most = 36_500

export type RetentionDays = Readonly<Record<RetentionName, number>>

export const defaultDays: RetentionDays = daysWith({})

/**
 * Reads ASSENT_RETENTION: `name=days`, separated by commas, such as `trigger-events=180,run-paths=90`.
 * @returns the days of every retention, or what is wrong, one sentence for each fault
 */
export function parseRetention(
  text: string,
): { ok: true; days: RetentionDays } | { ok: false; problems: string[] } {
  const chosen: Partial<Record<RetentionName, number>> = {}
  const problems: string[] = []
  for (const part of text.split(',').map((one) => one.trim())) {
    if (part === '') continue
    const [name = '', value = '', ...more] = part.split('=').map((one) => one.trim())
    const known = retentionNames.find((one) => one === name)
    const { least } = known === undefined ? { least: null } : retentions[known]
    if (known === undefined || least === null) {
      const settable = retentionNames.filter((one) => retentions[one].least !== null)
      problems.push(`"${name}" cannot be set; ${settable.join(', ')} can`)
    } else if (more.length > 0 || !/^\d{1,5}$/.test(value) || Number(value) < least || Number(value) > most) {
      problems.push(`${name} takes a whole number of days from ${least} to ${most}`)
    } else if (chosen[known] !== undefined) {
      problems.push(`${name} is set twice`)
    } else {
      chosen[known] = Number(value)
    }
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, days: daysWith(chosen) }
}

function daysWith(chosen: Partial<Record<RetentionName, number>>): RetentionDays {
  const of = (name: RetentionName) => chosen[name] ?? retentions[name].days
  return {
    'run-paths': of('run-paths'),
    'trigger-events': of('trigger-events'),
    'trigger-ids': of('trigger-ids'),
    'idempotency-answers': of('idempotency-answers'),
    'provider-answers': of('provider-answers'),
    'confirmation-links': of('confirmation-links'),
    verifications: of('verifications'),
    'test-mails': of('test-mails'),
    workers: of('workers'),
  }
}
