-- A run's row says where the run is, so that a lost workflow can be started again from it. Runs of before have no position: what they
-- would do next stands in their workflow's history only, so those still open end here.
update waits set state = 'closed', settled_at = clock_timestamp()
  from runs where runs.id = waits.run_id and runs.ended_at is null and waits.state = 'open';
update runs set state = 'cancelled', ended_at = clock_timestamp(), end_reason = 'upgraded' where ended_at is null;

alter table runs
  -- where the run is (domain/journey/position.ts); null: it ended before its first step
  add column position jsonb,
  -- how often its workflow was started again without any progress since
  add column recoveries integer not null default 0,
  -- why it is not driven any more until an operator retries it
  add column parked text;
create index runs_parked on runs (id) where parked is not null;

-- One counter of visits for a whole run, where it was one for each step.
create temporary table renumbered on commit drop as
  select id, run_id, step, visit, row_number() over (partition by run_id order by id)::integer as number from run_path;
alter table run_path drop constraint run_path_run_id_step_visit_key;
alter table waits drop constraint waits_run_id_step_visit_key;
update run_path set visit = number from renumbered where renumbered.id = run_path.id;
update waits set visit = number from renumbered r
  where r.run_id = waits.run_id and r.step = waits.step and r.visit = waits.visit;
update deliveries set visit = number from renumbered r
  where r.run_id = deliveries.run_id and r.step = deliveries.step and r.visit = deliveries.visit;
alter table run_path
  drop column id,
  add primary key (run_id, visit),
  -- index of the case, or of the awaited event, that was taken
  add column way integer;
alter table waits add unique (run_id, visit);

-- Open waits that are past due have lost their timer: recovery looks for them.
create index waits_due on waits (deadline, id) where state = 'open';

-- The id of a delivery is its claim key: the run's position, or the request, names it before there is a row.
alter table deliveries
  drop column claim_key,
  -- when a held delivery is tried again, on the clock of its run
  add column held_until timestamptz(3),
  -- how often it was held
  add column holds integer not null default 0;
create index deliveries_open on deliveries (coalesce(held_until, claimed_at, created_at)) where state in ('claimed', 'held', 'handed-over');

-- Re-entry rules read this, so that runs need not be kept for them.
create table journey_entries (
  contact_id   uuid not null references contacts (id),
  journey      text not null,
  last_entered timestamptz(3) not null,
  last_ended   timestamptz(3),
  primary key (contact_id, journey)
);
insert into journey_entries (contact_id, journey, last_entered, last_ended)
  select contact_id, journey, max(started_at), max(ended_at) from runs group by contact_id, journey;

-- How many runs led to an event, each started by what the one before it did: journeys that start each other end somewhere.
alter table trigger_events add column depth smallint not null default 0;

-- Ids of the confirmation mails that are due so far, in their order.
alter table double_opt_ins drop column mails_wanted, add column mails uuid[] not null default '{}';
alter table double_opt_ins alter column mails drop default;
