-- Who does something, or holds something up: sessions that are not idle, prepared transactions, replication slots.
-- Costs: one look at the sessions. Needs: pg_read_all_stats; a session that the role may not see is hidden.
-- The functions of the views are asked: to take the views apart costs more than to run them. xmin_age is how many transactions ago the oldest began that one still sees, or is: what VACUUM may not remove.
SELECT 'session' AS kind,
       a.pid,
       NULL::text AS name,
       (SELECT d.datname::text FROM pg_catalog.pg_database d WHERE d.oid = a.datid) AS database,
       pg_catalog.pg_get_userbyid(a.usesysid)::text AS "user",
       nullif(a.application_name, '') AS application_name,
       host(a.client_addr) AS client_addr,
       a.backend_type,
       a.leader_pid,
       a.state,
       a.wait_event_type,
       a.wait_event,
       extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS xact_age_seconds,
       CASE WHEN a.state = 'active' THEN extract(epoch FROM clock_timestamp() - a.query_start)::float8 END AS query_age_seconds,
       extract(epoch FROM clock_timestamp() - a.state_change)::float8 AS state_age_seconds,
       greatest(age(a.backend_xid), age(a.backend_xmin)) AS xmin_age,
       a.backend_type IS NULL AND a.usesysid IS NOT NULL AS is_hidden,
       nullif(a.query, '') AS query
FROM pg_catalog.pg_stat_get_activity(NULL) a
WHERE a.pid <> pg_catalog.pg_backend_pid()
  AND (a.state <> 'idle' OR a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL
       OR a.backend_type IS NULL AND a.usesysid IS NOT NULL)
UNION ALL
SELECT 'prepared transaction', NULL, p.gid, (SELECT d.datname::text FROM pg_catalog.pg_database d WHERE d.oid = p.dbid),
       pg_catalog.pg_get_userbyid(p.ownerid)::text, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       extract(epoch FROM clock_timestamp() - p.prepared)::float8, NULL, NULL, age(p.transaction), false, NULL
FROM pg_catalog.pg_prepared_xact() p
UNION ALL
SELECT 'replication slot', r.active_pid, r.slot_name::text, (SELECT d.datname::text FROM pg_catalog.pg_database d WHERE d.oid = r.datoid), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       NULL, NULL, NULL, greatest(age(r.xmin), age(r.catalog_xmin)), false, NULL
FROM pg_catalog.pg_get_replication_slots() r
-- One that is lost keeps its figures, and holds nothing back.
WHERE (r.xmin IS NOT NULL OR r.catalog_xmin IS NOT NULL) AND r.wal_status IS DISTINCT FROM 'lost'
ORDER BY xmin_age DESC NULLS LAST, xact_age_seconds DESC NULLS LAST;
