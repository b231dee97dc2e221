-- Handles of mails that a server refused for now after it had their body. It may have delivered them all the same, and then
-- their links must work as those of the mail that was sent again: above all the one that unsubscribes.
create table former_handles (
  hash        bytea primary key check (length(hash) = 32),
  delivery_id uuid not null references deliveries (id)
);
