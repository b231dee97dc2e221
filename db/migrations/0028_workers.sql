-- One row for each worker process, written while it lives, so that every API process knows whether anybody sends.
create table workers (
  id         uuid primary key,
  task_queue text not null,
  started_at timestamptz(3) not null default clock_timestamp(),
  seen_at    timestamptz(3) not null default clock_timestamp(),
  -- how this worker found the mail server: whether a connection could be had, else the code of what was in the way
  mail       jsonb
);
create index workers_by_age on workers (seen_at);
