-- What are the settings that are advised on?
-- Costs: one look at the settings. Needs: no right.
-- Those that our own session has set say nothing of the server, and are left out.
SELECT s.name,
       current_setting(s.name) AS value,
       s.setting,
       s.unit,
       s.source,
       s.context = 'postmaster' AS needs_restart
FROM pg_catalog.pg_settings s
WHERE s.source NOT IN ('session', 'client')
  AND (s.name LIKE 'enable\_%' AND s.boot_val = 'on' AND s.setting = 'off'
       OR s.name IN ('shared_buffers', 'effective_cache_size', 'work_mem', 'hash_mem_multiplier', 'maintenance_work_mem',
                     'autovacuum_work_mem', 'autovacuum_max_workers', 'huge_pages', 'max_connections',
                     'superuser_reserved_connections', 'idle_in_transaction_session_timeout', 'max_wal_size',
                     'checkpoint_timeout', 'checkpoint_completion_target', 'random_page_cost', 'effective_io_concurrency',
                     'default_statistics_target', 'autovacuum_vacuum_cost_delay', 'track_io_timing', 'log_lock_waits',
                     'log_temp_files', 'log_checkpoints', 'log_autovacuum_min_duration', 'log_min_duration_statement',
                     'shared_preload_libraries'))
ORDER BY s.name;
