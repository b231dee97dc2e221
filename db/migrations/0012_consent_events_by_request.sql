-- The ledger's events of one double opt-in: asked for each new request, to know that the chain does not name it yet.
create index consent_events_by_request on consent_events (double_opt_in) where double_opt_in is not null;
