-- Every process of the server: what the view pg_stat_activity reads, without the names that it joins, so
-- that it can be read while somebody has locked the catalogues themselves.
-- Read after pg_locks: who holds a lock there and is gone here holds it no longer.
-- {text} is around what another database's session has sent, in that one's encoding.
-- Cost: about 2 ms for 800 sessions. Right: none for the rows; pg_read_all_stats for the state,
-- the statement and the address of other roles' sessions.
SELECT s.pid, s.leader_pid, s.datid, s.usesysid, s.application_name, s.client_addr,
       pg_catalog.timestamptz_send(s.backend_start) AS backend_start,
       pg_catalog.timestamptz_send(s.xact_start) AS xact_start,
       pg_catalog.timestamptz_send(s.query_start) AS query_start,
       pg_catalog.timestamptz_send(s.state_change) AS state_change,
       s.wait_event_type, s.wait_event, s.state, s.backend_xid, s.backend_xmin, {text}(s.query),
       s.backend_type
FROM pg_catalog.pg_stat_get_activity(NULL) s;
