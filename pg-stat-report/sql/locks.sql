-- How many sessions wait for locks, how long, and how full is the table of locks?
-- Costs: one look at the locks. Needs: no right; before 14 pg_read_all_stats, to know since when.
-- Locks that are kept beside the table (fastpath) take no room in it, those of serializable transactions (SIReadLock)
-- have a table of their own. What is locked takes one place, however many hold it; each who holds it or waits for it
-- takes one in a table with twice the room. The server makes them for so many processes as it may have, and since 14
-- waitstart may be missing for a moment after a wait began.
WITH room AS (
    SELECT current_setting('max_locks_per_transaction')::bigint
           * (current_setting('max_connections')::bigint
              + current_setting('autovacuum_max_workers')::bigint + 1 -- before 18
              -- since 18: + current_setting('autovacuum_worker_slots')::bigint + 2
              + current_setting('max_worker_processes')::bigint
              + current_setting('max_wal_senders')::bigint
              + current_setting('max_prepared_transactions')::bigint) AS objects
), lock AS (
    SELECT l.pid, l.virtualtransaction, l.locktype, l.mode, l.granted,
           NOT l.fastpath AND l.mode <> 'SIReadLock' AS is_in_table,
           (l.locktype, l.database, l.relation, l.page, l.tuple, l.virtualxid, l.transactionid, l.classid, l.objid,
            l.objsubid)::text COLLATE "C" AS object,
           a.state_change AS waits_since -- before 14
           -- since 14: l.waitstart AS waits_since
    FROM pg_catalog.pg_locks l
    LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid AND NOT l.granted -- before 14
    WHERE l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
), held AS (
    SELECT count(*) FILTER (WHERE NOT l.granted) AS waiting,
           max(extract(epoch FROM clock_timestamp() - l.waits_since)) FILTER (WHERE NOT l.granted)::float8 AS longest_wait_seconds,
           count(*) FILTER (WHERE NOT l.granted AND l.waits_since IS NULL) AS waiting_unknown, -- before 14
           -- since 14: 0::bigint AS waiting_unknown,
           count(DISTINCT l.object) FILTER (WHERE l.is_in_table) AS locks,
           count(DISTINCT concat_ws(' ', l.object, l.virtualtransaction, l.pid) COLLATE "C") FILTER (WHERE l.is_in_table) AS holders,
           count(*) FILTER (WHERE l.mode = 'AccessExclusiveLock' AND l.granted AND l.locktype = 'relation') AS access_exclusive
    FROM lock l
)
SELECT h.waiting, h.longest_wait_seconds, h.waiting_unknown, h.locks, h.holders, r.objects AS room,
       greatest(h.locks, h.holders / 2.0)::float8 / r.objects AS used_ratio,
       h.access_exclusive
FROM held h CROSS JOIN room r;
