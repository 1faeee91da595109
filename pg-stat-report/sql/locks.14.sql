-- How many sessions wait for locks, how long, and how full is the table of locks?
-- Costs: one look at the locks. Needs: no right.
-- Locks that are kept beside the table (fastpath) take no room in it, those of serializable transactions (SIReadLock)
-- have a table of their own. waitstart may be missing for a moment
-- after a wait began.
SELECT count(*) FILTER (WHERE NOT l.granted) AS waiting,
       max(extract(epoch FROM clock_timestamp() - l.waitstart)) FILTER (WHERE NOT l.granted)::float8 AS longest_wait_seconds,
       0::bigint AS waiting_unknown,
       count(*) FILTER (WHERE NOT l.fastpath AND l.mode <> 'SIReadLock') AS locks,
       current_setting('max_locks_per_transaction')::bigint
           * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint) AS room,
       count(*) FILTER (WHERE NOT l.fastpath AND l.mode <> 'SIReadLock')
           / (current_setting('max_locks_per_transaction')::float8
               * (current_setting('max_connections')::float8 + current_setting('max_prepared_transactions')::float8)) AS used_ratio,
       count(*) FILTER (WHERE l.mode = 'AccessExclusiveLock' AND l.granted AND l.locktype = 'relation') AS access_exclusive
FROM pg_catalog.pg_locks l
WHERE l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid();
