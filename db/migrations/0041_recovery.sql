-- Recovery (engine/recovery/): a run or a request whose workflow is gone is started again from its row.

-- Not looked at before then; set: looked at again from then on. Progress clears it.
alter table runs add column recover_after timestamptz(3);
create index runs_to_recover on runs (recover_after) where recover_after is not null and ended_at is null and parked is null;

-- Reminders that are past due.
create index double_opt_ins_remind on double_opt_ins (remind_at) where state = 'pending' and reminded_at is null;

-- Requests to be looked at again: their end could not be recorded, or their workflow was started again.
create index double_opt_ins_to_recover on double_opt_ins (settle_after) where state = 'pending' and settle_after is not null;

-- What recovery remembers: one row.
create table recovery (
  id           boolean primary key default true check (id),
  -- which process looks now; the others leave it alone until then
  holder       uuid,
  held_until   timestamptz(3),
  -- workflows that closed before then have been looked at
  closed_until timestamptz(3),
  -- the engine as it was last seen: its namespace's id, and how often the beacon workflow has counted
  namespace    text,
  generation   bigint not null default 0,
  -- how far all open runs have been looked at after the engine had changed (domain/recovery/sweep.ts); null: no such sweep is under way
  sweep        jsonb
);
insert into recovery default values;
