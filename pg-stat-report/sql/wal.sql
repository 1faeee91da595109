-- How much WAL is written and kept, and does archiving get on?
-- Costs: nothing worth a word. Needs: no right. Archiving is turned on by a restart: before that nothing was to be archived.
SELECT current_setting('wal_level') AS wal_level,
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
            ELSE pg_catalog.pg_current_wal_lsn() END::text AS lsn,
       pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
            ELSE pg_catalog.pg_current_wal_lsn() END, '0/0')::bigint AS written_bytes,
       pg_catalog.pg_size_bytes(current_setting('max_wal_size')) AS max_wal_bytes,
       pg_catalog.pg_size_bytes(current_setting('wal_keep_size')) AS wal_keep_bytes,
       current_setting('archive_mode') AS archive_mode,
       a.archived_count,
       a.failed_count,
       a.last_archived_time AS last_archived_at,
       a.last_failed_time AS last_failed_at,
       a.last_failed_wal,
       current_setting('archive_mode') <> 'off' AND a.last_failed_time IS NOT NULL
           AND a.last_failed_time > coalesce(a.last_archived_time, '-infinity') AS is_archiving_failing,
       -- A standby archives with archive_mode = always alone. There is no archive_library before 15.
       current_setting('archive_mode') = CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'always' ELSE current_setting('archive_mode') END
           AND current_setting('archive_mode') <> 'off' AND current_setting('archive_command') = ''
           AND coalesce(current_setting('archive_library', true), '') = '' AS is_archiving_unset,
       extract(epoch FROM clock_timestamp()
           - coalesce(a.last_archived_time, greatest(a.stats_reset, pg_catalog.pg_postmaster_start_time())))::float8 AS since_archived_seconds
FROM pg_catalog.pg_stat_archiver a;
