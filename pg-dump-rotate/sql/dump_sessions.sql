-- What do the sessions of pg_dump do, which are called $1? (One that somebody else began as this
-- user in this database is taken for ours, which then only waits longer.)
-- Cost: one look at the sessions. Right: none; they are the same user's.
SELECT a.state = 'active' AS is_active,
       a.wait_event IS NOT DISTINCT FROM 'ClientWrite' AS is_sending,
       coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - a.state_change), 0)::pg_catalog.float8
           AS seconds
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.application_name = $1
   AND a.usename = session_user
   AND a.datname = pg_catalog.current_database()
   AND a.pid <> pg_catalog.pg_backend_pid()
