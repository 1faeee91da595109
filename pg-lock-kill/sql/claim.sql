-- Makes us the one that watches this cluster, unless another one does: the lock with the key $1, $2 is
-- one database's, so whoever holds it in another database is looked for as well.
-- Cost: one look at the lock table. Right: none.
SELECT pg_catalog.pg_try_advisory_lock($1, $2) AS is_ours,
       (SELECT pg_catalog.min(l.pid) FROM pg_catalog.pg_locks l
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
          AND l.classid = $1::pg_catalog.oid AND l.objid = $2::pg_catalog.oid
          AND l.pid <> pg_catalog.pg_backend_pid()) AS other
