-- The contact that asked, where several share the address and the caller said which: journeys start for it.
alter table double_opt_ins add column contact_id uuid references contacts (id);
