-- Indexes that no statement uses. What each of the others is for stands in test/db/indexes.test.ts.

-- The contact's lock gives events their sequence; and a table that is partitioned by id can hold no other unique key.
drop index trigger_events_in_order;
drop index suppressions_by_hash;
