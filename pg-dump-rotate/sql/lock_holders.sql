-- Who keeps tables of this database from being read: who has one to himself, and who waits for
-- that, since everybody who comes later waits behind him?
-- Cost: one look at the lock table and at the sessions; for those who wait, at whom they wait for.
-- Right: none; pg_read_all_stats to see what other users' sessions do.
SELECT n.nspname::text AS schema,
       c.relname::text AS name,
       l.mode,
       l.granted,
       l.pid,
       a.backend_type,
       a.usename::text AS role,
       a.application_name,
       a.state,
       extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::pg_catalog.float8 AS xact_seconds,
       extract(epoch FROM pg_catalog.clock_timestamp() - a.query_start)::pg_catalog.float8 AS query_seconds,
       CASE WHEN NOT l.granted THEN pg_catalog.pg_blocking_pids(l.pid) ELSE '{}' END AS blocked_by
  FROM pg_catalog.pg_locks AS l
  JOIN pg_catalog.pg_database AS d ON d.oid = l.database AND d.datname = pg_catalog.current_database()
  JOIN pg_catalog.pg_class AS c ON c.oid = l.relation AND c.relkind IN ('r', 'p')
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
 WHERE l.locktype = 'relation'
   AND l.mode = 'AccessExclusiveLock'
   AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
 ORDER BY l.granted DESC, a.xact_start
 LIMIT 100
