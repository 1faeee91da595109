-- Which server is this, since when does it run, and how old are its statistics?
-- Costs: nothing worth a word. Needs: no right; data_directory is null for who may not read all settings.
-- A crash empties the statistics: it sets no time of its own at the databases, but at the archiver,
-- which nobody resets by hand.
SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
       current_setting('server_version_num')::int AS version_num,
       (SELECT system_identifier FROM pg_catalog.pg_control_system())::text AS system_identifier,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()) AS timeline,
       pg_catalog.pg_postmaster_start_time() AS started_at,
       extract(epoch FROM clock_timestamp() - pg_catalog.pg_postmaster_start_time())::float8 AS uptime_seconds,
       pg_catalog.pg_conf_load_time() AS configuration_loaded_at,
       (SELECT count(*) FROM pg_catalog.pg_database) AS databases,
       current_user::text AS "user",
       current_setting('is_superuser') = 'on' AS is_superuser,
       pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all,
       -- Whoever may not read it is refused, and pg_settings is made anew for each statement that names it.
       CASE WHEN pg_catalog.pg_has_role('pg_read_all_settings', 'MEMBER') -- before 15
       -- since 15: CASE WHEN pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE')
            THEN current_setting('data_directory') END AS data_directory,
       (SELECT a.pid FROM pg_catalog.pg_stat_get_activity(NULL) a WHERE a.backend_type = 'checkpointer') AS checkpointer_pid,
       current_setting('data_checksums') = 'on' AS data_checksums,
       (SELECT stats_reset FROM pg_catalog.pg_stat_archiver) AS crashed_or_reset_at,
       pg_catalog.pg_notification_queue_usage() AS notifications_ratio;
