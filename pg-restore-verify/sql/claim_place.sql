-- Does nobody else hold the name $1? Then nobody does from here on, as long as this session lives:
-- the lock is ours, and no other session holds one. Otherwise: whose session does, unless that has
-- just ended.
-- Cost: one look at pg_locks. Right: none. Takes a lock that only runs of this program know. Such a
-- lock is the session's database's; the look finds those of runs that began in another one.
WITH claim AS MATERIALIZED (
    SELECT pg_catalog.hashtextextended($1, 0) AS key
), taken AS MATERIALIZED (
    SELECT claim.key, pg_catalog.pg_try_advisory_lock(claim.key) AS is_ours FROM claim
)
SELECT t.is_ours,
       -- looked at only when the lock was tried for
       CASE WHEN t.is_ours IS NOT NULL THEN
           (SELECT pg_catalog.min(l.pid) FROM pg_catalog.pg_locks l
            WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
              AND (l.classid::pg_catalog.int8 << 32 | l.objid::pg_catalog.int8) = t.key
              AND l.pid <> pg_catalog.pg_backend_pid())
       END AS pid
FROM taken t;
