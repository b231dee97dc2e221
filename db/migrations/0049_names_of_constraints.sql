-- The table was made beside the one it replaced, so its constraint was named after both.
alter table deliveries rename constraint deliveries_state_check1 to deliveries_state_check;
