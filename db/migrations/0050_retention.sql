-- What has been kept long enough is deleted (domain/retention.ts). Events go by their own age: a run or a wait that names one that is
-- gone keeps its id.
alter table runs drop constraint runs_entry_event_fkey;
alter table waits drop constraint waits_event_id_fkey;

-- When the path and the waits of an ended run were deleted; null: they are there.
alter table runs add column path_deleted_at timestamptz(3);
-- Ended runs whose paths are still there, in the order in which their time comes. `ended_at` is set once.
create index runs_with_path on runs (ended_at) where ended_at is not null and path_deleted_at is null;

create index double_opt_in_tokens_by_age on double_opt_in_tokens (created_at);
