-- Ends our own session $1, which began at $2 and which the server keeps though the connection is lost, as
-- long as it still has the lock with the key $3, $4 that says who watches.
-- Cost: one look at the lock table. Right: none, because it is our role's.
SELECT pg_catalog.pg_terminate_backend(a.pid)
FROM pg_catalog.pg_stat_get_activity($1) a
WHERE a.backend_start = $2
  AND EXISTS (SELECT FROM pg_catalog.pg_lock_status() l
              WHERE l.pid = a.pid AND l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
                AND l.classid = $3::pg_catalog.oid AND l.objid = $4::pg_catalog.oid)
