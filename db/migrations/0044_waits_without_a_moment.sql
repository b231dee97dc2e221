-- A wait whose moment could not be evaluated is settled as it is entered. Its run ends or goes on as its step's onUnknown says.
alter table waits drop constraint waits_state_check;
alter table waits add constraint waits_state_check
  check (state in ('open', 'matched', 'timed-out', 'untracked', 'no-moment', 'closed'));

-- Plans are compiled from the definition when a version is first read (db/reads/versions.ts).
alter table journey_versions drop column plan;
