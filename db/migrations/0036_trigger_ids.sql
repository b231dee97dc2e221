-- The ids that senders gave to their triggers, each with what was said under it and what it was answered: the same id again is
-- answered from here, whatever has changed since. A table of its own, so that events may be partitioned and dropped by age.
create table trigger_ids (
  -- an API key's id, or `assent` for our own surfaces
  sender      text not null,
  name        text not null,
  id          text not null,
  -- SHA-256 of what was said, not of what it resolved to; null for a trigger taken before this table was
  fingerprint bytea check (length(fingerprint) = 32),
  answer      jsonb not null,
  recorded_at timestamptz(3) not null,
  primary key (sender, name, id)
);
-- Ids are kept for 400 days.
create index trigger_ids_by_age on trigger_ids (recorded_at);

insert into trigger_ids (sender, name, id, fingerprint, answer, recorded_at)
  select sender, name, sender_event, null, jsonb_build_object('event', id, 'started', started, 'signalled', signalled, 'skipped', skipped), recorded_at
  from trigger_events where recorded_at > clock_timestamp() - interval '400 days';

alter table trigger_events
  drop constraint trigger_events_sender_name_sender_event_key,
  drop column fingerprint,
  drop column started,
  drop column signalled,
  drop column skipped;
