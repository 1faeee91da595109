-- Which settings are not the server's own defaults, or wait for a restart, what are those that are advised on, and those
-- that anybody sets, be it to the default?
-- Costs: one look at the settings, all of which the server makes anew for it. Needs: pg_read_all_settings for those that are not for everybody.
-- Those that sessions set for themselves, as ours does, are those of the server here (reset_val), and where these are from is not known.
-- What a connection's options set hides the server's, and is not advised on. value: as people write it; null: not advised on.
SELECT s.name,
       CASE WHEN s.source IN ('session', 'client') THEN s.reset_val ELSE s.setting END AS setting,
       s.unit,
       s.boot_val AS default_setting,
       CASE WHEN s.source IN ('session', 'client') THEN 'default' ELSE s.source END AS source,
       s.sourcefile AS source_file,
       s.sourceline AS source_line,
       s.pending_restart AS is_pending_restart,
       pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE') AS is_all_seen,
       s.is_listed,
       CASE WHEN NOT s.is_advised_on THEN NULL WHEN s.source = 'session' THEN s.reset_val ELSE current_setting(s.name) END AS value,
       s.source AS said_by,
       s.context = 'postmaster' AS needs_restart,
       s.vartype AS value_type
FROM (
    SELECT s.*,
           s.pending_restart
               OR s.name IN ('fsync', 'full_page_writes', 'autovacuum', 'track_counts', 'zero_damaged_pages', 'ignore_checksum_failure',
                             'ignore_invalid_pages', 'data_checksums', 'listen_addresses', 'ssl', 'wal_level', 'shared_buffers', 'max_connections')
               OR s.source NOT IN ('default', 'override', 'session', 'client') AND s.setting IS DISTINCT FROM s.boot_val AS is_listed,
           s.source <> 'client'
               AND (s.name LIKE 'enable\_%' AND s.boot_val = 'on' AND s.reset_val = 'off'
                    OR s.name IN ('shared_buffers', 'effective_cache_size', 'work_mem', 'hash_mem_multiplier', 'maintenance_work_mem',
                                  'autovacuum_work_mem', 'autovacuum_max_workers', 'huge_pages', 'max_connections',
                                  'superuser_reserved_connections', 'idle_in_transaction_session_timeout', 'max_wal_size',
                                  'checkpoint_timeout', 'checkpoint_completion_target', 'random_page_cost', 'effective_io_concurrency',
                                  'default_statistics_target', 'autovacuum_vacuum_cost_delay', 'track_io_timing', 'log_lock_waits',
                                  'log_temp_files', 'log_checkpoints', 'log_autovacuum_min_duration', 'log_min_duration_statement',
                                  'shared_preload_libraries')) AS is_advised_on
    FROM pg_catalog.pg_show_all_settings() s
    OFFSET 0
) s
WHERE s.is_listed OR s.is_advised_on OR s.source NOT IN ('default', 'override')
ORDER BY s.name;
