-- Which client sessions are there, how many may there be, and how many of each database and role?
-- Costs: one look at the sessions. Needs: pg_read_all_stats to see the states of other roles' sessions;
-- without it these may be parallel workers as well, and are counted as hidden.
-- Ordinary roles have max_connections less those kept for superusers and, since 16, for
-- pg_use_reserved_connections; replication has had slots of its own since 12. Our own session is always among them.
SELECT d.datname::text AS database,
       pg_catalog.pg_get_userbyid(a.usesysid)::text AS "user",
       nullif(a.application_name, '') AS application,
       coalesce(host(a.client_addr), CASE WHEN a.client_port = -1 THEN 'local' END) AS client,
       a.state,
       a.state = 'active' AND a.wait_event_type = 'Lock' AS is_waiting,
       a.backend_type IS NULL AS is_hidden,
       extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS transaction_seconds,
       extract(epoch FROM clock_timestamp() - a.state_change)::float8 AS state_seconds,
       CASE WHEN d.datconnlimit >= 0 THEN d.datconnlimit END AS database_limit,
       CASE WHEN NOT r.rolsuper THEN nullif(r.rolconnlimit, -1) END AS user_limit,
       current_setting('max_connections')::int AS max_connections,
       current_setting('superuser_reserved_connections')::int
           + coalesce(current_setting('reserved_connections', true), '0')::int AS reserved
FROM pg_catalog.pg_stat_get_activity(NULL) a
LEFT JOIN pg_catalog.pg_database d ON d.oid = a.datid
LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
WHERE a.backend_type = 'client backend'
   OR a.backend_type IS NULL AND a.usesysid IS NOT NULL;
