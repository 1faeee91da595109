-- Does no run count on the role $1? Then none does from here on until it is released.
-- Cost: none. Right: none. Takes a lock that only runs of this program know.
SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended('pg-restore-verify role ' || $1, 0));
