-- Whether a session ($1: its pid) waits for another ($2).
-- Costs: looks into the lock manager once. Needs no right.
select $2 = any(pg_catalog.pg_blocking_pids($1))
