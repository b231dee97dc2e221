-- A worker reports how it finds the provider of each channel, by channel: { "email": { "ok": true } }. A channel not tried yet is missing.
alter table workers drop column mail;
alter table workers add column channels jsonb not null default '{}';
