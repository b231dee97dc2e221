-- Test sends of a message: what it looks like in a real mailbox, before anybody is written to. Not deliveries: they belong to no
-- contact, run or consent, and are never counted. The API writes the row with the words already rendered, a worker sends it, and
-- once it is settled neither address nor words are kept.
create table test_mails (
  id               uuid primary key,
  message          text not null,
  message_version  integer not null,
  profile          text not null,
  profile_version  integer not null,
  purpose          text not null,
  topic            text,
  -- id of the API key
  requested_by     text not null,
  -- null once it is settled
  recipient        text,
  recipient_masked text not null,
  recipient_hash   bytea not null check (length(recipient_hash) = 32),
  -- { subject, html, text }; null once it is settled
  content          jsonb,
  state            text not null default 'queued' check (state in ('queued', 'handed-over', 'sent', 'failed', 'unknown')),
  reason           text,
  provider_answer  jsonb,
  attempt          integer not null default 0,
  next_attempt_at  timestamptz(3) not null default clock_timestamp(),
  created_at       timestamptz(3) not null default clock_timestamp(),
  settled_at       timestamptz(3),
  check ((settled_at is null) = (state in ('queued', 'handed-over'))),
  check (settled_at is null or (recipient is null and content is null))
);
-- what a worker looks for
create index test_mails_open on test_mails (next_attempt_at) where settled_at is null;
-- what the limits count, and what is deleted after its time
create index test_mails_by_recipient on test_mails (recipient_hash, created_at);
create index test_mails_by_age on test_mails (created_at);
