-- A run's row is updated in place, its end included: no index of `runs` names its state, its position or its end. What is open, and what
-- is under way, stands in small tables of its own, a row for each, and goes with the transaction that ends it.

-- Runs that have not ended.
create table open_runs (
  run_id     uuid primary key,
  contact_id uuid not null,
  journey    text not null
);
create index open_runs_of_contact on open_runs (contact_id, journey);
create index open_runs_of_journey on open_runs (journey, run_id);
insert into open_runs select id, contact_id, journey from runs where ended_at is null order by id;

-- Runs whose state is `running`: at a send, or between two steps. What stays here has stalled.
create table busy_runs (
  run_id uuid primary key,
  -- when its position was last written
  since  timestamptz(3) not null default clock_timestamp()
) with (fillfactor = 60);
insert into busy_runs (run_id) select id from runs where state = 'running' order by id;

drop index runs_open, runs_running, runs_waiting, runs_paused, runs_ended, runs_to_recover;
alter table runs
  -- the state, for lists: one value for all states of the usual way
  add column course text not null generated always as (case
    when state in ('running', 'waiting', 'completed', 'exited') then 'usual' else state
  end) stored;
alter table runs set (fillfactor = 60);
create index runs_by_course on runs (journey, course, id) where course <> 'usual';
-- The end of a run clears `recover_after`.
update runs set recover_after = null where recover_after is not null and ended_at is not null;
create index runs_to_recover on runs (recover_after, id) where recover_after is not null;

-- The outcome of a step is written once it is known.
alter table run_path set (fillfactor = 80);

-- Runs and what is kept of them go by age: a row of one does not hold a row of another.
alter table run_path drop constraint run_path_run_id_fkey;
alter table waits drop constraint waits_run_id_fkey;
