-- A trigger, and a run that enters a wait, cost as much as they concern, however many runs, waits and events a contact has.

-- Names of the triggers that can settle the wait, interactions with messages not counted; null: written before names were kept, so
-- that the wait's step says it.
alter table waits add column awaited text[];

-- Journeys that the event would have entered, and why it did not: [{ "journey": …, "code": … }].
alter table trigger_events add column skipped jsonb not null default '[]';

-- A contact's open runs. By `ended_at`, which is set once: an index over the state would be written at every change of it.
create index runs_open on runs (contact_id, journey) where ended_at is null;
alter table runs add constraint runs_ended_as_stated
  check ((ended_at is null) = (state in ('running', 'waiting', 'paused'))) not valid;

-- What happened to a contact, and to a message, under one name, in order: a wait that begins reads the first that counts.
create index trigger_events_by_name on trigger_events (contact_id, name, seq) where contact_id is not null;
drop index trigger_events_by_delivery;
create index trigger_events_by_delivery on trigger_events (delivery_id, name, seq) where delivery_id is not null;
