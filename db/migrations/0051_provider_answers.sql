-- Where a sweep goes on that changes rows and deletes none, so that it looks at each row once (transactions/retention/sweeps.ts).
create table retention_progress (
  name text primary key,
  -- the last row looked at
  last uuid not null
);
insert into retention_progress values ('provider-answers', '00000000-0000-0000-0000-000000000000');
