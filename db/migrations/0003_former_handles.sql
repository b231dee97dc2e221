-- Handles of mails that a server refused for now after it had their body. It may have delivered them all the same, and then
-- their links must work, above all the one that unsubscribes: with the scope of that mail, whatever the next attempt was.
create table former_handles (
  hash             bytea primary key check (length(hash) = 32),
  delivery_id      uuid not null references deliveries (id),
  contact_point_id uuid not null references contact_points (id),
  message          text not null,
  purpose          text not null,
  topic            text
);
