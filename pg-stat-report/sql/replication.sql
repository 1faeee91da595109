-- How far behind are the standbys of this server, this server itself, and its subscriptions?
-- Costs: one look at a few processes, and half a second where this standby has something to replay. Needs: pg_read_all_stats; without it all but pid is null, and is_hidden says so.
-- Of a sender: a replay_lag of null is none while nothing is written, and unknown while it catches up. Of a standby: it has caught up if it has
-- replayed what it received and its receiver has heard of the primary lately; the time of the last transaction
-- says nothing while the primary is idle: whether a change after long idleness is replayed at once is seen by looking
-- again. The receiver asks after half of wal_receiver_timeout in silence.
WITH here AS (
    SELECT pg_catalog.pg_is_in_recovery() AS in_recovery,
           CASE WHEN pg_catalog.pg_is_in_recovery()
                THEN coalesce(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())
                ELSE pg_catalog.pg_current_wal_lsn() END AS lsn,
           pg_catalog.pg_has_role('pg_read_all_settings', 'MEMBER') AS reads_settings -- before 15
           -- since 15: pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE') AS reads_settings
), receiver AS (
    SELECT w.pid, w.status, w.slot_name, w.sender_host, w.sender_port,
           extract(epoch FROM clock_timestamp() - w.last_msg_receipt_time)::float8 AS silence,
           w.pid IS NOT NULL AND w.status IS NULL
               OR w.pid IS NULL AND NOT here.reads_settings AS is_hidden,
           pg_catalog.pg_last_wal_receive_lsn() AS received,
           pg_catalog.pg_last_wal_replay_lsn() AS replayed,
           extract(epoch FROM clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())::float8 AS since_last,
           pg_catalog.pg_is_wal_replay_paused() AS is_paused,
           CASE WHEN here.reads_settings THEN current_setting('primary_conninfo') END AS primary_conninfo,
           extract(epoch FROM current_setting('recovery_min_apply_delay')::interval)::float8 AS apply_delay,
           extract(epoch FROM current_setting('wal_receiver_timeout')::interval)::float8 / 2 + 5 AS patience
    FROM here
    LEFT JOIN pg_catalog.pg_stat_wal_receiver w ON true
    WHERE here.in_recovery
), later AS MATERIALIZED (
    SELECT clock_timestamp() AS began, pg_catalog.pg_sleep(0.5)
    FROM receiver w
    WHERE w.status = 'streaming' AND w.replayed < w.received AND w.since_last > 0.5
      AND NOT w.is_paused AND w.apply_delay = 0
), again AS MATERIALIZED (
    SELECT pg_catalog.pg_last_wal_replay_lsn() AS replayed, extract(epoch FROM clock_timestamp() - later.began) AS seconds
    FROM later
)
SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_get_replication_slots() s WHERE s.active_pid = r.pid AND s.slot_type = 'logical')
            THEN 'reader' ELSE 'standby' END AS role,
       coalesce(nullif(a.application_name, ''), 'pid ' || r.pid) AS name,
       r.pid,
       pg_catalog.pg_get_userbyid(a.usesysid)::text AS "user",
       coalesce(host(a.client_addr), CASE WHEN a.client_port = -1 THEN 'local' END) AS peer,
       r.state,
       r.sync_state,
       (SELECT s.slot_name::text FROM pg_catalog.pg_get_replication_slots() s WHERE s.active_pid = r.pid LIMIT 1) AS slot,
       pg_catalog.pg_wal_lsn_diff(here.lsn, r.sent_lsn)::bigint AS unsent_bytes,
       pg_catalog.pg_wal_lsn_diff(here.lsn, r.flush_lsn)::bigint AS unflushed_bytes,
       pg_catalog.pg_wal_lsn_diff(here.lsn, r.replay_lsn)::bigint AS lag_bytes,
       -- There is something of which it has not told: since it was heard of at least, whatever it told before.
       CASE WHEN r.state = 'streaming' AND r.replay_lsn < here.lsn
            THEN greatest(extract(epoch FROM clock_timestamp() - r.reply_time), extract(epoch FROM r.replay_lag))
            WHEN r.state = 'streaming' THEN coalesce(extract(epoch FROM r.replay_lag), 0)
            ELSE extract(epoch FROM r.replay_lag) END::float8 AS lag_seconds,
       extract(epoch FROM clock_timestamp() - r.reply_time)::float8 AS silence_seconds,
       NULL::float8 AS apply_delay_seconds,
       NULL::bool AS is_paused,
       r.state IS NULL AS is_hidden
FROM pg_catalog.pg_stat_get_wal_senders() r
CROSS JOIN here
JOIN pg_catalog.pg_stat_get_activity(NULL) a ON a.pid = r.pid
UNION ALL
SELECT 'receiver',
       coalesce(w.sender_host || ':' || w.sender_port, 'the primary'),
       w.pid, NULL, w.sender_host,
       CASE WHEN w.pid IS NOT NULL THEN w.status
            WHEN w.primary_conninfo = '' THEN 'archive'
            ELSE 'disconnected' END,
       NULL, w.slot_name, NULL, NULL,
       -- What is read from an archive, or was received before, may be older than what is replayed.
       CASE WHEN w.pid IS NOT NULL OR w.primary_conninfo <> ''
            THEN greatest(pg_catalog.pg_wal_lsn_diff(coalesce(w.received, w.replayed), w.replayed), 0)::bigint END,
       CASE WHEN w.is_hidden THEN NULL
            WHEN w.status = 'streaming' AND w.replayed >= w.received AND w.silence <= w.patience THEN 0
            WHEN w.status = 'streaming' AND w.replayed >= w.received THEN w.silence
            WHEN (SELECT again.replayed FROM again) >= w.received THEN (SELECT again.seconds FROM again)::float8
            ELSE w.since_last END,
       w.silence, w.apply_delay, w.is_paused, w.is_hidden
FROM receiver w
UNION ALL
SELECT 'subscription', s.subname::text, s.pid, NULL, NULL,
       CASE WHEN NOT u.is_enabled THEN 'disabled' WHEN pg_catalog.pg_is_in_recovery() THEN 'standby'
            WHEN s.pid IS NULL THEN 'down' ELSE 'streaming' END,
       NULL, u.slot, NULL, NULL,
       NULL::bigint,
       NULL,
       extract(epoch FROM clock_timestamp() - s.last_msg_receipt_time)::float8, NULL, NULL,
       s.pid IS NOT NULL AND s.last_msg_receipt_time IS NULL
           AND NOT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
FROM pg_catalog.pg_stat_subscription s
-- Before 14 nobody but a superuser may read the number of a subscription there.
CROSS JOIN LATERAL (SELECT bool_or(u.subenabled) AS is_enabled, max(u.subslotname::text) AS slot
                    FROM pg_catalog.pg_subscription u WHERE u.subname = s.subname) u
WHERE s.relid IS NULL
ORDER BY role, name;
