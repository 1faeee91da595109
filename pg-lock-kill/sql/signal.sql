-- Ends what each of the processes $1 does ($7: its whole session, else its statement), if it still is what
-- was seen: the session that began at $2, in the transaction that began at $3 (null: in none), and, where
-- they are given, in the state since $4 and with the statement of $5, and with $6 still waiting. Whatever was
-- asked for, it must be a client's session and not ours, nor a superuser's unless $8; with $9 an
-- autovacuum worker, but none that prevents wraparound. A row for each that is there, by its place in the list:
-- which of it does not hold.
-- One statement looks and signals, because between two the number could pass to another session. What it sees
-- of all of them is from its beginning: so only few at a time are given.
-- Superusers alone may change a catalogue, whatever others were granted (pg_class_aclmask): this tells them
-- without a look at pg_roles, which somebody may have locked.
-- Cost: one copy of the table of sessions in memory, under 1 ms at 1000 of them.
-- Right: pg_signal_backend, or the victim's role; pg_read_all_stats, to see the victim's transaction.
SELECT g.place,
       a.backend_start IS NOT DISTINCT FROM g.backend_start AS is_same_session,
       a.xact_start IS NOT DISTINCT FROM g.xact_start AS is_same_transaction,
       (is_same.state AND is_same.statement) IS TRUE AS is_same_state, is_same.wait IS TRUE AS is_same_wait,
       CASE WHEN a.backend_start = g.backend_start
             AND a.xact_start IS NOT DISTINCT FROM g.xact_start
             AND is_same.state AND is_same.statement AND is_same.wait
             AND may.be_signalled
            THEN CASE WHEN g.terminates THEN pg_catalog.pg_terminate_backend(a.pid)
                      ELSE pg_catalog.pg_cancel_backend(a.pid) END
       END AS was_signalled
FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4),
                pg_catalog.unnest($5), pg_catalog.unnest($6), pg_catalog.unnest($7)) WITH ORDINALITY
     g (pid, backend_start, xact_start, state_change, query_start, waits, terminates, place)
CROSS JOIN LATERAL pg_catalog.pg_stat_get_activity(g.pid) a
CROSS JOIN LATERAL (
    SELECT g.state_change IS NULL OR a.state_change = g.state_change AS state,
           g.query_start IS NULL OR a.query_start = g.query_start AND a.state = 'active' AS statement,
           NOT g.waits OR a.wait_event_type = 'Lock' OR a.wait_event = 'SafeSnapshot' AS wait) is_same
CROSS JOIN LATERAL (
    SELECT a.pid <> pg_catalog.pg_backend_pid()
       AND (a.leader_pid IS NULL OR a.leader_pid = a.pid)
       AND CASE a.backend_type
               WHEN 'client backend' THEN $8 OR NOT pg_catalog.has_table_privilege(
                   a.usesysid, 1260, 'TRUNCATE')
               -- Of a text that may be cut off, the end is not known.
               WHEN 'autovacuum worker' THEN $9 AND a.query <> ''
                   AND pg_catalog.strpos(a.query, '(to prevent wraparound)') = 0
                   AND pg_catalog.octet_length(a.query) + 8 < pg_catalog.pg_size_bytes(
                       pg_catalog.current_setting('track_activity_query_size'))
               ELSE false
           END AS be_signalled) may
