-- Which settings are not the server's own defaults, or wait for a restart?
-- Costs: one look at the settings. Needs: pg_read_all_settings for those that are not for everybody.
-- Those that sessions set for themselves, as ours does, are those of the server here.
SELECT s.name,
       CASE WHEN s.source IN ('session', 'client') THEN s.reset_val ELSE s.setting END AS setting,
       s.unit,
       s.boot_val AS default_setting,
       CASE WHEN s.source IN ('session', 'client') THEN 'default' ELSE s.source END AS source,
       s.sourcefile AS source_file,
       s.sourceline AS source_line,
       s.pending_restart AS is_pending_restart,
       pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE') AS is_all_seen
FROM pg_catalog.pg_settings s
WHERE s.pending_restart
   OR s.name IN ('fsync', 'full_page_writes', 'autovacuum', 'track_counts', 'zero_damaged_pages', 'ignore_checksum_failure',
                 'ignore_invalid_pages', 'data_checksums', 'listen_addresses', 'ssl', 'wal_level', 'shared_buffers', 'max_connections')
   OR s.source NOT IN ('default', 'override', 'session', 'client') AND s.setting IS DISTINCT FROM s.boot_val
ORDER BY s.name;
