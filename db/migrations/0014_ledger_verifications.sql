-- Verifications of the whole ledger: jobs that go through ranges of contact points, each range in a short snapshot of its own.
create table ledger_verifications (
  id                      uuid primary key,
  state                   text not null check (state in ('waiting', 'running', 'finished', 'failed')),
  -- the last contact point that is verified; the next range begins after it
  cursor                  uuid,
  -- the last contact point of this job; those made later are left to the next. Null: there was none when it began
  upto                    uuid,
  -- an estimate; null where the database has none
  contact_points_expected bigint,
  contact_points          bigint not null default 0,
  events                  bigint not null default 0,
  states                  bigint not null default 0,
  first_break             jsonb,
  first_difference        jsonb,
  -- ranges in a row that could not be read
  failures                integer not null default 0,
  -- which process works on it; the others leave it alone until then
  holder                  uuid,
  held_until              timestamptz(3),
  requested_at            timestamptz(3) not null default clock_timestamp(),
  started_at              timestamptz(3),
  finished_at             timestamptz(3)
);
-- One runs and one waits at most: whoever asks while one waits is answered by that one.
create unique index ledger_verifications_open on ledger_verifications (state) where state in ('waiting', 'running');
create index ledger_verifications_finished on ledger_verifications (finished_at) where finished_at is not null;
