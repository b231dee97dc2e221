-- The outbox is told row by row under leases: `next_attempt_at` moves on while somebody is at a row.
-- lane: what stops or withdraws goes first. All rows of a lane are of one kind. See `lanes` in transactions/outbox.ts.
-- state: a row that cannot be told is parked after some attempts; an operator retries or drops it.
-- written_in: the transaction that wrote the row, or tried it last. All rows of transactions that were over at some moment are visible from
-- then on, so a reader may begin where the oldest row that is left was written, and steps over no dead row from before.
alter table outbox
  add column lane smallint not null default 4 check (lane between 0 and 4),
  add column state text not null default 'waiting' check (state in ('waiting', 'parked')),
  add column written_in bigint not null default (pg_current_xact_id()::text::bigint);
update outbox set lane = case kind when 'trigger' then 2 when 'signal' then 3 else 4 end;
drop index outbox_due;
create index outbox_waiting on outbox (lane, written_in, id) where state = 'waiting';
create index outbox_parked on outbox (id) where state = 'parked';
-- Leases change no indexed column: with some room on each page they leave no new entry in any index.
alter table outbox set (fillfactor = 60);
