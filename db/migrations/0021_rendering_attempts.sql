-- How often rendering a delivery was stopped for taking too long or too much memory. Kept with the delivery, so that neither a
-- restart nor another worker begins to count anew.
alter table deliveries add column render_attempts integer not null default 0;
