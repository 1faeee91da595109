-- What are the settings that are advised on?
-- Costs: one look at the settings. Needs: no right.
-- Of those that our own session has set it is the server's value that counts (reset_val), and where that is from is not known;
-- what a connection's options set hides it, and is left out.
SELECT s.name,
       CASE WHEN s.source = 'session' THEN s.reset_val ELSE current_setting(s.name) END AS value,
       CASE WHEN s.source = 'session' THEN s.reset_val ELSE s.setting END AS setting,
       s.unit,
       s.source,
       s.context = 'postmaster' AS needs_restart
FROM pg_catalog.pg_settings s
WHERE s.source <> 'client'
  AND (s.name LIKE 'enable\_%' AND s.boot_val = 'on' AND s.reset_val = 'off'
       OR s.name IN ('shared_buffers', 'effective_cache_size', 'work_mem', 'hash_mem_multiplier', 'maintenance_work_mem',
                     'autovacuum_work_mem', 'autovacuum_max_workers', 'huge_pages', 'max_connections',
                     'superuser_reserved_connections', 'idle_in_transaction_session_timeout', 'max_wal_size',
                     'checkpoint_timeout', 'checkpoint_completion_target', 'random_page_cost', 'effective_io_concurrency',
                     'default_statistics_target', 'autovacuum_vacuum_cost_delay', 'track_io_timing', 'log_lock_waits',
                     'log_temp_files', 'log_checkpoints', 'log_autovacuum_min_duration', 'log_min_duration_statement',
                     'shared_preload_libraries'))
ORDER BY s.name;
