/**
 * Every index costs something at each insert, so each is here with the statement that needs it, in short. Those of keys and unique
 * constraints need no statement. A new index without one fails, and so does one whose statement goes another way.
 */
import postgres from 'postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OwnDatabase, ownDatabase } from '../harness/database.ts'

let database: OwnDatabase
let sql: postgres.Sql
beforeAll(async () => {
  database = await ownDatabase()
  sql = postgres(database.url, { max: 1, onnotice: () => {} })
})
afterAll(async () => {
  await sql.end()
  await database.drop()
})

const id = "'00000000-0000-7000-8000-000000000000'::uuid"

const statements: Record<string, string> = {
  // Definitions: what uses a profile (transactions/definitions/deleteDefinition.ts); what a trigger enters (enterJourneys.ts).
  purposes_by_profile: `select from purposes where profile = 'p'`,
  journeys_by_entry: `select from journeys where entry_trigger = 't'`,
  // Contacts by address (views/contacts.ts).
  contact_addresses_by_point: `select contact_id from contact_addresses where contact_point_id = ${id} order by contact_id`,
  // The ledger: deleting a purpose, a new request (appendEvents.ts).
  consent_events_by_purpose: `select from consent_events where purpose = 'p'`,
  consent_events_by_request: `select from consent_events where double_opt_in = ${id}`,
  // Suppressions: each decision (db/reads/decisionInput.ts), lists (views/suppressions.ts).
  suppressions_by_point: `select from suppressions where contact_point_id = ${id} and lifted_at is null`,
  suppressions_of_point: `select id from suppressions where (contact_point_id, id) < (${id}, ${id}) order by contact_point_id desc, id desc`,
  suppressions_by_channel: `select id from suppressions where (channel, id) < ('c', ${id}) order by channel desc, id desc`,
  suppressions_standing: `select id from suppressions where id < ${id} and lifted_at is null order by id desc`,
  suppressions_standing_by_channel: `select id from suppressions where (channel, id) < ('c', ${id}) and lifted_at is null
    order by channel desc, id desc`,
  // Requests for double opt-in: a person's, and the sweeps (db/reads/suspects.ts, views/doubleOptIns.ts).
  double_opt_ins_by_point: `select from double_opt_ins where contact_point_id = ${id}`,
  double_opt_ins_overdue: `select id from double_opt_ins where state = 'pending' and expires_at < now() order by expires_at, id`,
  double_opt_ins_remind: `select id from double_opt_ins where state = 'pending' and reminded_at is null and remind_at < now() order by remind_at`,
  double_opt_ins_to_recover: `select id from double_opt_ins where state = 'pending' and settle_after is not null and settle_after < now()
    order by settle_after`,
  double_opt_in_tokens_by_age: `select from double_opt_in_tokens where created_at < now() order by created_at`,
  // Events: what a wait that begins looks back at (transactions/runs/pastMatch.ts).
  trigger_events_by_name: `select from trigger_events where contact_id = ${id} and name = 'n' and seq > 1 order by seq`,
  trigger_events_by_delivery: `select from trigger_events where delivery_id = ${id} and name = 'n' order by seq`,
  trigger_ids_by_age: `select from trigger_ids where recorded_at < now() order by recorded_at`,
  // Runs: lists (views/runs.ts), what a trigger ends and how many are open (exitRuns.ts, startRun.ts), recovery (suspects.ts).
  runs_by_contact: `select from runs where contact_id = ${id}`,
  runs_by_journey: `select id from runs where (journey, id) < ('j', ${id}) order by journey desc, id desc`,
  runs_by_course: `select id from runs where (journey, course, id) < ('j', 'failed', ${id}) and course <> 'usual'
    order by journey desc, course desc, id desc`,
  runs_parked: `select count(*) from runs where parked is not null and ended_at is null`,
  runs_to_recover: `select id from runs where recover_after is not null and recover_after < now() order by recover_after, id`,
  open_runs_of_contact: `select from open_runs where contact_id = ${id} and journey = 'j'`,
  open_runs_of_journey: `select run_id from open_runs where (journey, run_id) < ('j', ${id}) order by journey desc, run_id desc`,
  // Waits: what an event may concern (matchWaits.ts), what is past due (suspects.ts).
  waits_open: `select from waits where contact_id = ${id} and state = 'open' and kind = 'events'`,
  waits_due: `select id from waits where state = 'open' and deadline < now() order by deadline, id`,
  // Deliveries: lists (views/deliveries.ts), evidence (views/evidence.ts), confirmations (confirmationLimit.ts), recovery (suspects.ts).
  deliveries_by_run: `select id from deliveries where run_id = ${id}`,
  deliveries_by_contact: `select id from deliveries where (contact_id, id) < (${id}, ${id}) and contact_id is not null
    order by contact_id desc, id desc`,
  deliveries_by_point: `select from deliveries where contact_point_id = ${id} and double_opt_in is null order by id`,
  deliveries_by_double_opt_in: `select from deliveries where double_opt_in = ${id}`,
  deliveries_confirming: `select from deliveries where contact_point_id = ${id} and double_opt_in is not null and claimed_at > now()
    order by claimed_at`,
  deliveries_by_message: `select id from deliveries where (message, course, id) < ('m', 'usual', ${id})
    order by message desc, course desc, id desc`,
  deliveries_by_course: `select id from deliveries where (course, id) < ('held', ${id}) and course <> 'usual' order by course desc, id desc`,
  deliveries_by_reason: `select id from deliveries where (reason, course, id) < ('r', 'held', ${id}) and reason is not null
    order by reason desc, course desc, id desc`,
  deliveries_by_message_and_reason: `select id from deliveries where (message, reason, course, id) < ('m', 'r', 'held', ${id})
    and reason is not null order by message desc, reason desc, course desc, id desc`,
  deliveries_due: `select id from deliveries where due is not null and due < now() order by due, id`,
  deliveries_by_provider: `select id from deliveries where hashtextextended(provider_id, 0) = hashtextextended('p', 0) and provider_id = 'p'`,
  // The outbox: the next row of a stream, of a lane, and what an operator lists (engine/dispatcher.ts, views/outbox.ts).
  outbox_by_stream: `select from outbox where stream = 's' and id < 1`,
  outbox_waiting: `select from outbox where state = 'waiting' and lane = 1 and written_in >= 1 order by lane, written_in, id`,
  outbox_parked: `select from outbox where state = 'parked' order by id`,
  // Test mails: what a worker looks for, the limits, and what is deleted after its time.
  test_mails_open: `select from test_mails where settled_at is null and next_attempt_at < now() order by next_attempt_at`,
  test_mails_by_recipient: `select from test_mails where recipient_hash = 'h' and created_at > now()`,
  test_mails_by_age: `select from test_mails where created_at < now() order by created_at`,
  // Sweeps (engine/retention.ts), verifications, workers.
  idempotency_keys_by_age: `select from idempotency_keys where created_at < now() order by created_at`,
  ledger_verifications_finished: `select from ledger_verifications where finished_at is not null and finished_at < now() order by finished_at`,
  workers_by_age: `select from workers where seen_at < now() order by seen_at`,
}

it('every index is here, with the statement that needs it', async () => {
  const rows = await sql<{ name: string }[]>`
    select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid
    where c.relnamespace = 'public'::regnamespace and not i.indisunique`
  expect(rows.map(({ name }) => name).toSorted()).toEqual(Object.keys(statements).toSorted())
})

it.each(Object.entries(statements))('%s serves its statement', async (index, statement) => {
  const plan = await sql.begin(async (tx) => {
    // On empty tables anything is cheap; what is asked is whether this index can serve, and serves better than any other.
    await tx`set local enable_seqscan = off`
    await tx`set local enable_sort = off`
    await tx`set local enable_bitmapscan = off`
    return tx.unsafe(`explain ${statement} limit 50`)
  })
  expect(JSON.stringify(plan)).toContain(index)
})

it.each([
  ['deliveries', ['state', 'handed_over_at', 'settled_at', 'provider_answer', 'attempt']],
  ['runs', ['state', 'position', 'mark_seq', 'ended_at', 'end_reason', 'recoveries']],
])(
  'no index of %s names what changes on the usual way, so that it changes in place',
  async (table, changing) => {
    const rows = await sql<{ definition: string }[]>`
    select pg_get_indexdef(indexrelid) as definition from pg_index where indrelid = ${table}::regclass`
    expect(rows.length).toBeGreaterThan(3)
    for (const { definition } of rows) {
      for (const column of changing) expect(definition).not.toMatch(new RegExp(`\\b${column}\\b`))
    }
  },
)
