-- Ends the session that holds the lock on the name $1: it was ours, and we can't reach it any more.
-- Cost: one look at pg_locks. Right: that session's role, which is our own.
SELECT pg_catalog.pg_terminate_backend(l.pid)
FROM pg_catalog.pg_locks l
WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
  AND (l.classid::pg_catalog.int8 << 32 | l.objid::pg_catalog.int8)
      = pg_catalog.hashtextextended($1, 0)
  AND l.pid <> pg_catalog.pg_backend_pid();
