-- W3C traceparent of what wrote the row, where that was traced: telling it belongs to the same trace.
alter table outbox add column traceparent text check (length(traceparent) <= 55);
