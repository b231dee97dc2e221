-- A mail that was refused for now after its body may have arrived all the same. The next attempt may go to another address,
-- with another version of the message. So each link says which mail it was in, and each former mail what it was: what is done
-- with them is judged by that mail, not by the attempt that came after it.
alter table links add column handle_hash bytea check (length(handle_hash) = 32);
alter table former_handles
  add column message_version integer,
  add column tracks_opens boolean not null default false,
  add column tracks_clicks boolean not null default false;
