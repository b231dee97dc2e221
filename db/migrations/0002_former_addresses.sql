-- The last contact point a contact had on a channel before its address was taken away: when an address is given again, the
-- opt-outs of this one go along to it.
create table former_addresses (
  contact_id       uuid not null references contacts (id),
  channel          text not null,
  contact_point_id uuid not null references contact_points (id),
  until            timestamptz(3) not null default clock_timestamp(),
  primary key (contact_id, channel)
);
