-- The role $1 was dropped, or stays: other runs can go on.
-- Cost: none. Right: none.
SELECT pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended('pg-restore-verify role ' || $1, 0));
