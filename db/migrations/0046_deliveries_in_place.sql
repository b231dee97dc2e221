-- A delivery takes fewer bytes, and its usual way (claimed, handed-over, sent) changes its row in place.
--
-- Postgres updates a row in place (HOT) only where no column changes that stands anywhere in an index: in its key, its expressions or
-- its predicate. So no index of `deliveries` names a column that changes on the usual way: not `state`, not the moments of its way.
-- What lists and recovery look for is the unusual: the columns `course` and `due`, which the database derives, and which do not change
-- on the usual way.

-- What the inputs of all decisions on one version share (domain/consent/frame.ts): canonical JSON, once, under its SHA-256.
create table decision_frames (
  hash  bytea primary key,
  frame text not null,
  check (hash = sha256_of(frame))
);
create trigger decision_frames_append_only before update or delete or truncate on decision_frames
  for each statement execute function refuse_change();
revoke update, delete, truncate on decision_frames from assent_app;

-- The scope of a mail's links, under the hash of the handle they carry: one row for each mail that may have left. Links never expire,
-- so this row stays when the delivery goes.
create table handles (
  hash             bytea primary key check (length(hash) = 32),
  delivery_id      uuid not null,
  contact_id       uuid,
  contact_point_id uuid not null,
  message_version  integer,
  tracks_opens     boolean not null,
  tracks_clicks    boolean not null,
  message          text not null,
  purpose          text not null,
  topic            text
);
insert into handles
  select handle_hash, id, contact_id, contact_point_id, message_version, tracks_opens, tracks_clicks, message, purpose, topic
  from deliveries where handle_hash is not null and contact_point_id is not null
  union
  select f.hash, f.delivery_id, d.contact_id, f.contact_point_id, f.message_version, f.tracks_opens, f.tracks_clicks, f.message, f.purpose, f.topic
  from former_handles f join deliveries d on d.id = f.delivery_id where d.handle_hash is distinct from f.hash;
update links set handle_hash = d.handle_hash from deliveries d where d.id = links.delivery_id and links.handle_hash is null;
delete from links where handle_hash is null;
drop index links_by_delivery;
alter table links
  drop column delivery_id,
  alter column handle_hash set not null;
drop table former_handles;

alter table delivery_contents drop constraint delivery_contents_delivery_id_fkey;

-- Fixed-width columns first, then texts: no byte is lost to alignment.
-- No foreign keys: what they point to was read under locks in the transaction that inserts the row, checking it once more costs a lock
-- on a row of each table, and runs, requests and deliveries are to be dropped by age independently.
alter table deliveries rename to deliveries_before;
create table deliveries (
  id               uuid not null,
  run_id           uuid,
  double_opt_in    uuid,
  contact_id       uuid,
  contact_point_id uuid,
  journey_version  integer,
  visit            integer,
  message_version  integer,
  attempt          smallint not null default 1,
  holds            smallint not null default 0,
  render_attempts  smallint not null default 0,
  tracks_opens     boolean not null default false,
  tracks_clicks    boolean not null default false,
  claimed_at       timestamptz(3),
  handed_over_at   timestamptz(3),
  settled_at       timestamptz(3),
  held_until       timestamptz(3),
  -- when recovery has to look at a row that does not go the usual way: a held one when it is due, and one under way that has been held
  -- before, or is for a request. All other rows under way are looked at through their runs.
  due              timestamptz(3) generated always as (case
    when state = 'held' then held_until
    when state in ('claimed', 'handed-over') and (holds > 0 or double_opt_in is not null) then claimed_at
  end) stored,
  journey          text,
  step             text,
  channel          text not null,
  message          text not null,
  purpose          text not null,
  topic            text,
  provider_id      text,
  -- the verdict, and what it rests on, as recorded at the claim (domain/consent/frame.ts). `json` keeps the text as it was written
  frame            bytea,
  facts            json,
  decision         json,
  state            text not null check (state in ('claimed', 'held', 'handed-over', 'sent', 'delivered', 'failed', 'unknown', 'blocked', 'cancelled', 'expired')),
  -- the state, for lists: one value for all states of the usual way
  course           text not null generated always as (case
    when state in ('claimed', 'handed-over', 'sent', 'delivered') then 'usual' else state
  end) stored,
  reason           text,
  provider_answer  jsonb,
  settled_by_hand  jsonb,
  constraint deliveries_key primary key (id)
) with (fillfactor = 90);

create function pg_temp.packed(standing jsonb) returns jsonb language sql immutable as $$
  select case
    when standing is null or standing = 'null' then 'null'::jsonb
    when standing = '{"state":"none","by":null,"since":null,"events":[],"expiresAt":null,"pending":false}' then '0'
    else jsonb_build_array(standing->'state', standing->'by', standing->'since', standing->'events', standing->'expiresAt', standing->'pending')
  end
$$;
create temporary table split on commit drop as
  select id,
    jsonb_build_object('policyVersion', i->'policyVersion', 'channel', i->'channel', 'purpose', i->'purpose', 'topic', i->'topic',
      'tracking', (i->'tracking') - 'standing')::text as frame,
    jsonb_build_array(i->'now', i->'contactPoint'->'seq', pg_temp.packed(i->'standing'->'purpose'),
      pg_temp.packed(i->'standing'->'topic'), pg_temp.packed(i->'tracking'->'standing'), i->'suppressions')::text::json as facts,
    jsonb_build_array(d->'verdict', d->'reason', d->'tracking'->'allowed', d->'tracking'->'reason', d->'basis', d->'policyVersion')::text::json
      as decision
  from (select id, decision_input as i, decision as d from deliveries_before where decision_input is not null and decision is not null) one;
insert into decision_frames select distinct sha256_of(frame), frame from split;
insert into deliveries (id, run_id, double_opt_in, contact_id, contact_point_id, journey_version, visit, message_version, attempt, holds,
    render_attempts, tracks_opens, tracks_clicks, claimed_at, handed_over_at, settled_at, held_until, journey, step, channel, message, purpose,
    topic, provider_id, frame, facts, decision, state, reason, provider_answer, settled_by_hand)
  select b.id, run_id, double_opt_in, contact_id, contact_point_id, journey_version, visit, message_version, attempt, holds,
    render_attempts, tracks_opens, tracks_clicks, claimed_at, handed_over_at, settled_at, held_until, journey, step, channel, message, purpose,
    topic, provider_id, sha256_of(s.frame), s.facts, s.decision, state, reason, provider_answer, settled_by_hand
  from deliveries_before b left join split s using (id) order by b.id;
drop table deliveries_before;
alter index deliveries_key rename to deliveries_pkey;

-- Each with the statement that needs it in test/db/indexes.test.ts.
create index deliveries_by_run on deliveries (run_id) where run_id is not null;
create index deliveries_by_contact on deliveries (contact_id, id) where contact_id is not null;
create index deliveries_by_point on deliveries (contact_point_id, id) where contact_point_id is not null;
create index deliveries_by_double_opt_in on deliveries (double_opt_in) where double_opt_in is not null;
create index deliveries_confirming on deliveries (contact_point_id, claimed_at) where double_opt_in is not null;
create index deliveries_by_message on deliveries (message, course, id);
create index deliveries_by_course on deliveries (course, id) where course <> 'usual';
create index deliveries_by_reason on deliveries (reason, course, id) where reason is not null;
create index deliveries_by_message_and_reason on deliveries (message, reason, course, id) where reason is not null;
create index deliveries_due on deliveries (due, id) where due is not null;
-- A provider's id is long, and different in every row: eight bytes of it find it.
create index deliveries_by_provider on deliveries (hashtextextended(provider_id, 0)) where provider_id is not null;
