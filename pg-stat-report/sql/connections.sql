-- How many client sessions are there, by database, user, application, client and state, and how many more may be?
-- Costs: one look at the sessions. Needs: pg_read_all_stats to see the states of other roles' sessions;
-- without it these may be parallel workers as well, and are counted as hidden.
-- Ordinary roles have max_connections less those kept for superusers and, since 16, for
-- pg_use_reserved_connections; replication has had slots of its own since 12.
WITH session AS (
    SELECT a.datid, a.usesysid,
           (SELECT d.datname::text FROM pg_catalog.pg_database d WHERE d.oid = a.datid) AS datname,
           pg_catalog.pg_get_userbyid(a.usesysid)::text AS usename,
           nullif(a.application_name, '') AS application_name,
           coalesce(host(a.client_addr), CASE WHEN a.client_port = -1 THEN 'local' END) AS client,
           a.state, a.wait_event_type, a.xact_start, a.state_change,
           a.backend_type IS NULL AS is_hidden
    FROM pg_catalog.pg_stat_get_activity(NULL) a
    WHERE a.backend_type = 'client backend'
       OR a.backend_type IS NULL AND a.usesysid IS NOT NULL
), room AS (
    SELECT current_setting('max_connections')::bigint AS most,
           current_setting('superuser_reserved_connections')::bigint
               + coalesce(current_setting('reserved_connections', true), '0')::bigint AS reserved
), counted AS (
    SELECT GROUPING(datname, usename, application_name, client, state) AS grouped,
           max(datid::bigint) AS datid, max(usesysid::bigint) AS usesysid,
           coalesce(datname, usename, application_name, client, state) AS name,
           count(*) AS connections,
           count(*) FILTER (WHERE state = 'active') AS active,
           count(*) FILTER (WHERE state = 'idle') AS idle,
           count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS idle_in_transaction,
           count(*) FILTER (WHERE state = 'active' AND wait_event_type = 'Lock') AS waiting_for_locks,
           count(*) FILTER (WHERE is_hidden) AS hidden,
           extract(epoch FROM clock_timestamp() - min(xact_start))::float8 AS longest_transaction,
           extract(epoch FROM clock_timestamp()
               - min(state_change) FILTER (WHERE state LIKE 'idle in transaction%'))::float8 AS longest_idle
    FROM session
    GROUP BY GROUPING SETS ((), (datname), (usename), (application_name), (client), (state))
), limited AS (
    SELECT c.*, room.most, room.reserved,
           CASE c.grouped
               WHEN 31 THEN room.most - room.reserved
               WHEN 15 THEN (SELECT datconnlimit FROM pg_catalog.pg_database WHERE oid = c.datid::oid AND datconnlimit >= 0)
               WHEN 23 THEN (SELECT nullif(rolconnlimit, -1) FROM pg_catalog.pg_roles
                             WHERE oid = c.usesysid::oid AND NOT rolsuper)
           END::bigint AS most_here
    FROM counted c CROSS JOIN room
)
SELECT CASE grouped
           WHEN 31 THEN 'server' WHEN 15 THEN 'database' WHEN 23 THEN 'user'
           WHEN 27 THEN 'application' WHEN 29 THEN 'client' ELSE 'state'
       END AS "by",
       name,
       connections,
       active,
       idle,
       idle_in_transaction,
       waiting_for_locks,
       hidden,
       longest_transaction AS longest_transaction_seconds,
       longest_idle AS longest_idle_in_transaction_seconds,
       CASE WHEN grouped = 31 THEN most END AS max_connections,
       CASE WHEN grouped = 31 THEN reserved END AS reserved,
       most_here AS "limit",
       CASE WHEN most_here IS NOT NULL THEN greatest(most_here - connections, 0) END AS available,
       connections / nullif(most_here, 0)::float8 AS used_ratio
FROM limited
ORDER BY grouped = 31 DESC, "by", connections DESC, name;
