-- A request whose end could not be recorded is left alone for a while, longer each time, so that it blocks no other in the sweep.
alter table double_opt_ins add column settle_failures integer not null default 0;
alter table double_opt_ins add column settle_after timestamptz(3);
