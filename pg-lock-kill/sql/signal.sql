-- Ends what the process $1 does ($8: its whole session, else its statement), if it still is what was
-- seen: the session that began at $2, in the transaction that began at $3 (null: in none), and, where
-- they are given, in the state since $4 and with the statement of $5, and with $9 still waiting. Whatever was asked for, it must be
-- a client's session and not ours, nor a superuser's unless $6; with $7 an autovacuum worker, but none
-- that prevents wraparound. The row says which of it does not hold; no row: there is no such process.
-- One statement, because between two the number could pass to another session.
-- Cost: one copy of the table of sessions in memory, under 1 ms at 1000 of them.
-- Right: pg_signal_backend, or the victim's role; pg_read_all_stats, to see the victim's transaction.
SELECT a.backend_start IS NOT DISTINCT FROM $2 AS is_same_session,
       a.xact_start IS NOT DISTINCT FROM $3 AS is_same_transaction,
       ($4 IS NULL OR a.state_change = $4) IS TRUE
           AND ($5 IS NULL OR a.query_start = $5 AND a.state = 'active') IS TRUE
           AND (NOT $9 OR a.wait_event_type = 'Lock' OR a.wait_event = 'SafeSnapshot') IS TRUE
           AS is_same_state,
       may.be_signalled,
       CASE WHEN a.backend_start = $2
             AND a.xact_start IS NOT DISTINCT FROM $3
             AND ($4 IS NULL OR a.state_change = $4)
             AND ($5 IS NULL OR a.query_start = $5 AND a.state = 'active')
             AND (NOT $9 OR a.wait_event_type = 'Lock' OR a.wait_event = 'SafeSnapshot')
             AND may.be_signalled
            THEN CASE WHEN $8 THEN pg_catalog.pg_terminate_backend(a.pid)
                      ELSE pg_catalog.pg_cancel_backend(a.pid) END
       END AS was_signalled
FROM pg_catalog.pg_stat_get_activity($1) a
CROSS JOIN LATERAL (
    SELECT a.pid <> pg_catalog.pg_backend_pid()
       AND (a.leader_pid IS NULL OR a.leader_pid = a.pid)
       AND CASE a.backend_type
               WHEN 'client backend' THEN $6 OR EXISTS (
                   SELECT FROM pg_catalog.pg_roles r WHERE r.oid = a.usesysid AND NOT r.rolsuper)
               -- Of a text that may be cut off, the end is not known.
               WHEN 'autovacuum worker' THEN $7 AND a.query <> ''
                   AND pg_catalog.strpos(a.query, '(to prevent wraparound)') = 0
                   AND pg_catalog.octet_length(a.query) + 8 < pg_catalog.pg_size_bytes(
                       pg_catalog.current_setting('track_activity_query_size'))
               ELSE false
           END AS be_signalled) may
