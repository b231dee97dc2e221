-- What a person found out about a delivery whose outcome was unknown: who said so, when, and why they think so.
alter table deliveries add column settled_by_hand jsonb;
