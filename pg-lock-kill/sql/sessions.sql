-- Every process of the server, and for whose end one waits that asked for a safe snapshot (SERIALIZABLE
-- READ ONLY DEFERRABLE), which is no lock and which pg_blocking_pids does not know.
-- Read after pg_locks: who holds a lock there and is gone here holds it no longer.
-- Cost: about 1 ms for 1,000 sessions. Right: none for the rows; pg_read_all_stats for the state,
-- the statement and the address of other roles' sessions.
SELECT s.pid, s.leader_pid, s.datid, s.datname, s.usename,
       coalesce(r.rolsuper, false) AS is_superuser,
       s.application_name, pg_catalog.host(s.client_addr) AS client_addr,
       (extract(epoch FROM s.backend_start) * 1000000)::bigint AS backend_start,
       (extract(epoch FROM s.xact_start) * 1000000)::bigint AS xact_start,
       (extract(epoch FROM s.query_start) * 1000000)::bigint AS query_start,
       (extract(epoch FROM s.state_change) * 1000000)::bigint AS state_change,
       s.wait_event_type, s.wait_event, s.state, s.backend_xid, s.backend_xmin, s.query, s.backend_type,
       CASE WHEN s.wait_event = 'SafeSnapshot'
            THEN pg_catalog.array_to_string(pg_catalog.pg_safe_snapshot_blocking_pids(s.pid), ',') END
           AS safe_snapshot_blockers
FROM pg_catalog.pg_stat_activity s
LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.usesysid;
