-- Nobody drops the role $1 as one that was made for a scratch database of another run, as long as
-- this session lives.
-- Cost: none. Right: none. Takes a lock that only runs of this program know.
SELECT pg_catalog.pg_advisory_lock_shared(pg_catalog.hashtextextended('pg-restore-verify role ' || $1, 0))::pg_catalog.text;
