-- What do the sessions of this user in this database do, and which of them is called $1, as pg_dump's
-- are? (One that somebody else began under that name is taken for pg_dump's, which then only waits
-- longer.)
-- Cost: one look at the sessions. Right: none; they are the same user's.
SELECT a.application_name = $1 AS is_named,
       coalesce(a.state = 'active', true) AS is_active,
       a.wait_event IS NOT DISTINCT FROM 'ClientWrite' AS is_sending,
       coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - a.state_change), 0)::pg_catalog.float8
           AS seconds
  FROM pg_catalog.pg_stat_activity AS a
 WHERE a.application_name <> 'pg-dump-rotate'
   AND a.application_name <> 'psql'
   AND a.usename = session_user
   AND a.datname = pg_catalog.current_database()
   AND a.pid <> pg_catalog.pg_backend_pid()
