-- The foundation: every aggregate of the house. Times are UTC with milliseconds; ids are UUIDv7 made by the application.
-- Plain text check constraints stand in for enums: a value can be added later without rewriting a type.

-- ───────────────────────── definitions, each with immutable versions ─────────────────────────

create table profiles (
  key         text primary key,
  version     integer not null,
  definition  jsonb not null,
  updated_at  timestamptz(3) not null default clock_timestamp()
);
create table profile_versions (
  key         text not null,
  version     integer not null,
  definition  jsonb not null,
  recorded_at timestamptz(3) not null default clock_timestamp(),
  primary key (key, version)
);

create table purposes (
  key         text primary key check (key <> '*'),
  version     integer not null,
  profile     text not null references profiles (key),
  kind        text not null check (kind in ('commercial', 'transactional', 'tracking')),
  definition  jsonb not null,
  updated_at  timestamptz(3) not null default clock_timestamp()
);
create index purposes_by_profile on purposes (profile);
create table purpose_versions (
  key         text not null,
  version     integer not null,
  definition  jsonb not null,
  recorded_at timestamptz(3) not null default clock_timestamp(),
  primary key (key, version)
);
-- The topics of the purpose's present version: a projection, so that a decision asks one index for "is it known".
create table topics (
  purpose     text not null references purposes (key) on delete cascade,
  key         text not null,
  name        text not null,
  description text not null,
  position    integer not null,
  primary key (purpose, key)
);

create table messages (
  key         text primary key,
  version     integer not null,
  profile     text not null references profiles (key),
  purpose     text not null references purposes (key),
  definition  jsonb not null,
  updated_at  timestamptz(3) not null default clock_timestamp()
);
create table message_versions (
  key         text not null,
  version     integer not null,
  definition  jsonb not null,
  recorded_at timestamptz(3) not null default clock_timestamp(),
  primary key (key, version)
);

create table trigger_definitions (
  name        text primary key,
  definition  jsonb not null,
  built_in    boolean not null default false,
  updated_at  timestamptz(3) not null default clock_timestamp()
);

create table journeys (
  key               text primary key,
  draft             jsonb not null,
  published_version integer,
  -- the entry trigger of the published version: intake asks by it
  entry_trigger     text,
  updated_at        timestamptz(3) not null default clock_timestamp()
);
create index journeys_by_entry on journeys (entry_trigger) where entry_trigger is not null;
create table journey_versions (
  key          text not null references journeys (key),
  version      integer not null,
  definition   jsonb not null,
  plan         jsonb not null,
  exit_triggers text[] not null,
  published_at timestamptz(3) not null default clock_timestamp(),
  primary key (key, version)
);

-- ───────────────────────── contacts and their addresses ─────────────────────────

create table contacts (
  id             uuid primary key,
  external_id    text unique,
  kind           text not null check (kind in ('contact', 'lead')),
  account        text,
  attributes     jsonb not null default '{}',
  postal_address jsonb,
  locale         text,
  time_zone      text,
  -- last sequence given to an event of this contact; advanced under the contact's lock only
  event_seq      bigint not null default 0,
  created_at     timestamptz(3) not null default clock_timestamp(),
  updated_at     timestamptz(3) not null default clock_timestamp()
);

create table contact_points (
  id           uuid primary key,
  channel      text not null,
  -- normalised; null once erased
  address      text,
  -- head of this point's chain in the ledger
  head_seq     bigint not null default 0,
  head_hash    bytea not null default decode(repeat('00', 32), 'hex') check (length(head_hash) = 32),
  -- key of the evidence, wrapped by one of ASSENT_DATA_KEYS; null once destroyed
  data_key     bytea,
  data_key_id  text,
  created_at   timestamptz(3) not null default clock_timestamp(),
  erased_at    timestamptz(3),
  unique (channel, address)
);

create table contact_addresses (
  contact_id       uuid not null references contacts (id),
  channel          text not null,
  contact_point_id uuid not null references contact_points (id),
  since            timestamptz(3) not null default clock_timestamp(),
  primary key (contact_id, channel)
);
create index contact_addresses_by_point on contact_addresses (contact_point_id);

-- ───────────────────────── the ledger ─────────────────────────

create table notices (
  hash        bytea primary key check (length(hash) = 32),
  wording     text not null,
  recorded_at timestamptz(3) not null default clock_timestamp()
);

create table consent_events (
  id               uuid primary key,
  contact_point_id uuid not null references contact_points (id),
  seq              bigint not null check (seq > 0),
  -- the exact bytes that were hashed (RFC 8785 canonical JSON); everything below is a projection of them
  bytes            bytea not null,
  previous_hash    bytea not null check (length(previous_hash) = 32),
  hash             bytea not null check (length(hash) = 32),
  kind             text not null,
  purpose          text not null,
  topic            text,
  state            text,
  occurred_at      timestamptz(3) not null,
  recorded_at      timestamptz(3) not null,
  expires_at       timestamptz(3),
  double_opt_in    uuid,
  retracts         uuid,
  notice_hash      bytea references notices (hash),
  -- repeated appends are told apart by this, never by comparing ciphertext
  idempotency_key  text,
  unique (contact_point_id, seq)
);
create unique index consent_events_once on consent_events (contact_point_id, idempotency_key) where idempotency_key is not null;

-- What the ledger yields when replayed, per contact point, purpose and topic ('' where none is named).
create table consent_states (
  contact_point_id uuid not null references contact_points (id),
  purpose          text not null,
  topic            text not null,
  entry            jsonb not null,
  primary key (contact_point_id, purpose, topic)
);

create table suppressions (
  id               uuid primary key,
  contact_point_id uuid references contact_points (id),
  channel          text not null,
  -- keyed hash, for an address that outlives its erasure here
  address_hash     bytea,
  hash_key_id      text,
  kind             text not null check (kind in ('hard-bounced', 'invalid', 'complained', 'erased')),
  reason           text,
  since            timestamptz(3) not null default clock_timestamp(),
  lifted_at        timestamptz(3),
  lifted_by        uuid references consent_events (id)
);
create index suppressions_by_point on suppressions (contact_point_id) where lifted_at is null;
create index suppressions_by_hash on suppressions (address_hash) where address_hash is not null;

-- ───────────────────────── double opt-in ─────────────────────────

create table double_opt_ins (
  id               uuid primary key,
  contact_point_id uuid not null references contact_points (id),
  profile          text not null,
  profile_version  integer not null,
  message          text not null,
  grants           jsonb not null,
  -- canonical text of the grants: the same wish asked again while pending is the same request
  grants_key       text not null,
  state            text not null check (state in ('pending', 'confirmed', 'expired', 'withdrawn')),
  notice_hash      bytea references notices (hash),
  notice           jsonb,
  -- confirmation mails due so far: the first, the reminder, and one for each time it was asked again
  mails_wanted     integer not null default 1,
  clock            text not null default 'real' check (clock in ('real', 'skipping')),
  requested_at     timestamptz(3) not null,
  remind_at        timestamptz(3),
  expires_at       timestamptz(3) not null,
  reminded_at      timestamptz(3),
  settled_at       timestamptz(3)
);
create unique index double_opt_ins_pending on double_opt_ins (contact_point_id, profile, grants_key) where state = 'pending';
create index double_opt_ins_by_point on double_opt_ins (contact_point_id);
create table double_opt_in_tokens (
  hash          bytea primary key check (length(hash) = 32),
  double_opt_in uuid not null references double_opt_ins (id),
  created_at    timestamptz(3) not null default clock_timestamp()
);

-- ───────────────────────── runs, waits, events ─────────────────────────

create table trigger_events (
  id               uuid primary key,
  name             text not null,
  -- who sent it (an API key's id, or a surface of our own) and the id the sender gave: together with the name, unique
  sender           text not null,
  sender_event     text not null,
  fingerprint      bytea not null,
  contact_id       uuid references contacts (id),
  -- order among the events of one contact
  seq              bigint,
  contact_point_id uuid references contact_points (id),
  delivery_id      uuid,
  class            text check (class in ('human', 'proxy', 'bot')),
  payload          jsonb not null,
  occurred_at      timestamptz(3) not null,
  recorded_at      timestamptz(3) not null,
  started          uuid[] not null default '{}',
  signalled        uuid[] not null default '{}',
  unique (sender, name, sender_event)
);
create unique index trigger_events_in_order on trigger_events (contact_id, seq) where contact_id is not null;
create index trigger_events_by_delivery on trigger_events (delivery_id) where delivery_id is not null;

create table runs (
  id           uuid primary key,
  journey      text not null,
  version      integer not null,
  contact_id   uuid not null references contacts (id),
  state        text not null check (state in ('running', 'waiting', 'paused', 'completed', 'exited', 'cancelled', 'failed')),
  entry_event  uuid references trigger_events (id),
  payload      jsonb not null,
  clock        text not null default 'real' check (clock in ('real', 'skipping')),
  -- sequence of the contact's events at entry, and at the end of the last step with an effect
  entry_seq    bigint not null,
  mark_seq     bigint not null,
  started_at   timestamptz(3) not null,
  ended_at     timestamptz(3),
  end_reason   text,
  foreign key (journey, version) references journey_versions (key, version)
);
create index runs_by_contact on runs (contact_id, journey);
create index runs_by_journey on runs (journey, state, id);

create table run_path (
  id       bigint generated always as identity primary key,
  run_id   uuid not null references runs (id),
  step     text not null,
  visit    integer not null,
  at       timestamptz(3) not null,
  outcome  text not null,
  reason   text,
  delivery uuid,
  event    uuid,
  unique (run_id, step, visit)
);

create table waits (
  id         uuid primary key,
  run_id     uuid not null references runs (id),
  contact_id uuid not null references contacts (id),
  step       text not null,
  visit      integer not null,
  kind       text not null check (kind in ('sleep', 'events')),
  state      text not null check (state in ('open', 'matched', 'timed-out', 'untracked', 'closed')),
  since_seq  bigint not null,
  deadline   timestamptz(3) not null,
  opened_at  timestamptz(3) not null,
  settled_at timestamptz(3),
  event_id   uuid references trigger_events (id),
  branch     integer,
  unique (run_id, step, visit)
);
create index waits_open on waits (contact_id) where state = 'open' and kind = 'events';

-- What Temporal, or the intake, must still hear. Rows of one stream are taken in order; a row is deleted once heard.
create table outbox (
  id              bigint generated always as identity primary key,
  stream          text not null,
  kind            text not null check (kind in ('start', 'signal', 'trigger')),
  body            jsonb not null,
  attempts        integer not null default 0,
  next_attempt_at timestamptz(3) not null default clock_timestamp(),
  last_error      text,
  created_at      timestamptz(3) not null default clock_timestamp()
);
create index outbox_by_stream on outbox (stream, id);
create index outbox_due on outbox (next_attempt_at, id);

-- ───────────────────────── deliveries ─────────────────────────

create table deliveries (
  id               uuid primary key,
  -- run:<run>:<step>:<visit> or double-opt-in:<id>:<n>; what makes a hand-over happen once
  claim_key        text not null unique,
  run_id           uuid references runs (id),
  step             text,
  visit            integer,
  double_opt_in    uuid references double_opt_ins (id),
  journey          text,
  journey_version  integer,
  contact_id       uuid references contacts (id),
  contact_point_id uuid references contact_points (id),
  channel          text not null,
  message          text not null,
  message_version  integer,
  purpose          text not null,
  topic            text,
  state            text not null check (state in ('claimed', 'held', 'handed-over', 'sent', 'delivered', 'failed', 'unknown', 'blocked', 'cancelled', 'expired')),
  reason           text,
  -- the verdict with its inputs, as recorded at the claim
  decision         jsonb,
  decision_input   jsonb,
  attempt          integer not null default 1,
  handle_hash      bytea unique,
  tracks_opens     boolean not null default false,
  tracks_clicks    boolean not null default false,
  provider_id      text,
  provider_answer  jsonb,
  created_at       timestamptz(3) not null,
  claimed_at       timestamptz(3),
  handed_over_at   timestamptz(3),
  settled_at       timestamptz(3)
);
create index deliveries_by_run on deliveries (run_id);
create index deliveries_by_contact on deliveries (contact_id, id);
create index deliveries_by_point on deliveries (contact_point_id, id);
create index deliveries_by_state on deliveries (state, id);
create index deliveries_by_double_opt_in on deliveries (double_opt_in) where double_opt_in is not null;

-- The text as it left, kept where it is evidence; ciphertext under the contact point's key.
create table delivery_contents (
  delivery_id uuid primary key references deliveries (id),
  sealed      jsonb not null
);

create table links (
  token_hash  bytea primary key check (length(token_hash) = 32),
  delivery_id uuid not null references deliveries (id),
  position    integer not null,
  link        text not null,
  url         text not null
);
create index links_by_delivery on links (delivery_id);

-- ───────────────────────── access ─────────────────────────

create table api_keys (
  id         uuid primary key,
  name       text not null,
  hash       bytea not null unique check (length(hash) = 32),
  scopes     text[] not null,
  public     boolean not null default false,
  origins    text[] not null default '{}',
  created_at timestamptz(3) not null default clock_timestamp(),
  revoked_at timestamptz(3)
);

create table idempotency_keys (
  caller      text not null,
  key         text not null,
  fingerprint bytea not null,
  status      integer,
  response    jsonb,
  created_at  timestamptz(3) not null default clock_timestamp(),
  primary key (caller, key)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);

-- ───────────────────────── what the database itself refuses ─────────────────────────

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% on % is refused: it is append-only', tg_op, tg_table_name using errcode = 'insufficient_privilege';
end $$;

do $$
declare t text;
begin
  foreach t in array array['consent_events', 'notices', 'profile_versions', 'purpose_versions', 'message_versions', 'journey_versions'] loop
    execute format('create trigger %I before update or delete or truncate on %I for each statement execute function refuse_change()', t || '_append_only', t);
  end loop;
end $$;

-- The role the application works under: it may read and append the ledger, and nothing else with it.
grant usage on schema public to assent_app;
grant select, insert, update, delete on all tables in schema public to assent_app;
revoke update, delete, truncate on consent_events, notices, profile_versions, purpose_versions, message_versions, journey_versions from assent_app;
grant usage on all sequences in schema public to assent_app;
-- Tables of later migrations belong to the application too, unless they say otherwise.
alter default privileges in schema public grant select, insert, update, delete on tables to assent_app;
alter default privileges in schema public grant usage on sequences to assent_app;
revoke insert, update, delete, truncate on schema_migrations from assent_app;
