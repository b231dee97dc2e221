-- Every list goes along an index to its page, whatever it is filtered by. Ids are UUIDv7, so an index that ends in the id also
-- serves a list by time. Where a filter leaves the state open, the list walks the range of each state and merges them.

-- Contacts of one address, in the order of their ids.
drop index contact_addresses_by_point;
create index contact_addresses_by_point on contact_addresses (contact_point_id, contact_id);

-- Runs. A run changes between running, waiting and paused many times, so these states stand in no index's columns: each has a
-- partial index of its own, which holds the open runs only. How a run ended is written once.
drop index runs_by_journey;
create index runs_by_journey on runs (journey, id);
create index runs_running on runs (journey, id) where state = 'running';
create index runs_waiting on runs (journey, id) where state = 'waiting';
create index runs_paused on runs (journey, id) where state = 'paused';
create index runs_ended on runs (journey, state, id) where state in ('completed', 'exited', 'cancelled', 'failed');

-- Deliveries. A message that was sent has no reason, so the indexes by reason cost nothing where all is well.
drop index deliveries_by_run;
create index deliveries_by_run on deliveries (run_id, id) where run_id is not null;
create index deliveries_by_message on deliveries (message, state, id);
create index deliveries_by_reason on deliveries (reason, state, id) where reason is not null;
create index deliveries_by_message_and_reason on deliveries (message, reason, state, id) where reason is not null;
create index deliveries_by_provider on deliveries (provider_id, id) where provider_id is not null;
-- How many confirmations an address was sent lately.
create index deliveries_confirming on deliveries (contact_point_id, claimed_at) where double_opt_in is not null;

-- Suppressions, lifted ones too; those that stand have smaller indexes of their own.
create index suppressions_of_point on suppressions (contact_point_id, id);
create index suppressions_by_channel on suppressions (channel, id);
create index suppressions_standing on suppressions (id) where lifted_at is null;
create index suppressions_standing_by_channel on suppressions (channel, id) where lifted_at is null;

-- Requests whose time is over and that nobody has expired.
create index double_opt_ins_overdue on double_opt_ins (expires_at, id) where state = 'pending';

-- Whether the ledger speaks of a purpose that is to be deleted.
create index consent_events_by_purpose on consent_events (purpose);
