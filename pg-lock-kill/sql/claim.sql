-- Makes us the one that watches this cluster, unless another one does: the lock with the key $1, $2 is
-- one database's, so whoever holds it in another database is looked for as well. And who we are.
-- Cost: one look at the lock table, and one at the sessions. Right: none.
SELECT pg_catalog.pg_try_advisory_lock($1, $2) AS is_ours,
       (SELECT pg_catalog.min(l.pid) FROM pg_catalog.pg_locks l
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
          AND l.classid = $1::pg_catalog.oid AND l.objid = $2::pg_catalog.oid
          AND l.pid <> pg_catalog.pg_backend_pid()) AS other,
       a.pid AS own, a.backend_start AS own_start
FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) a
