-- The extensions that a new database has by itself (plpgsql), which pg_dump leaves out.
-- Costs nothing. Needs no right.
SELECT extname::text AS name
FROM pg_catalog.pg_extension
-- FirstNormalObjectId: whatever is created later has a higher one.
WHERE oid < 16384
