-- Takes the lock on the name $1 again, from a session that may need a moment to end.
-- Cost: none. Right: none. Waits as long as lock_timeout says.
SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended($1, 0))::pg_catalog.text;
