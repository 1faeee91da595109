-- What number will the next transaction have, if none is under way that may have one?
-- Cost: none. Right: none.
SELECT pg_catalog.xid(pg_catalog.pg_snapshot_xmax(s.now))::pg_catalog.text
FROM pg_catalog.pg_current_snapshot() s (now)
WHERE pg_catalog.pg_snapshot_xmin(s.now) = pg_catalog.pg_snapshot_xmax(s.now)
