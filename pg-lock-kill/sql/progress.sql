-- What long commands say of how far they are.
-- Cost: one look at the sessions for each kind. Right: pg_read_all_stats for the numbers of other roles'
-- sessions.
SELECT pid, 'vacuum' AS command, phase, heap_blks_scanned AS done, heap_blks_total AS total, 'blocks' AS unit
FROM pg_catalog.pg_stat_progress_vacuum
UNION ALL
SELECT pid, 'analyze', phase, sample_blks_scanned, sample_blks_total, 'blocks'
FROM pg_catalog.pg_stat_progress_analyze
UNION ALL
SELECT pid, lower(command), phase, heap_tuples_written, NULL, 'rows written'
FROM pg_catalog.pg_stat_progress_cluster
UNION ALL
SELECT pid, lower(command), phase, coalesce(nullif(blocks_done, 0), lockers_done),
       coalesce(nullif(blocks_total, 0), lockers_total),
       CASE WHEN blocks_total > 0 THEN 'blocks' ELSE 'transactions waited for' END
FROM pg_catalog.pg_stat_progress_create_index
UNION ALL
SELECT pid, 'basebackup', phase, backup_streamed, backup_total, 'bytes'
FROM pg_catalog.pg_stat_progress_basebackup;
