-- Who reads and writes how many blocks, and how long does that take?
-- Costs: nothing worth a word. Needs: no right.
-- Before 16 the server counts no more than this: what checkpoints, the background writer and all others wrote; what was
-- read by all. Times are 0 unless track_io_timing is on.
SELECT io.backend_type,
       'relation'::text AS object,
       'normal'::text AS context,
       io.reads,
       io.reads * b.size AS read_bytes,
       io.read_ms,
       io.writes,
       io.writes * b.size AS write_bytes,
       io.write_ms,
       NULL::bigint AS extends,
       NULL::bigint AS extend_bytes,
       io.hits,
       NULL::bigint AS evictions,
       NULL::bigint AS reuses,
       io.fsyncs,
       io.fsync_ms,
       (SELECT stats_reset FROM pg_catalog.pg_stat_bgwriter) AS counted_since
FROM (
    SELECT 'all others' AS backend_type, (SELECT sum(blks_read) FROM pg_catalog.pg_stat_database)::bigint AS reads,
           (SELECT sum(blk_read_time) FROM pg_catalog.pg_stat_database)::float8 AS read_ms,
           w.buffers_backend AS writes,
           (SELECT sum(blk_write_time) FROM pg_catalog.pg_stat_database)::float8 AS write_ms,
           (SELECT sum(blks_hit) FROM pg_catalog.pg_stat_database)::bigint AS hits,
           w.buffers_backend_fsync AS fsyncs, NULL::float8 AS fsync_ms
    FROM pg_catalog.pg_stat_bgwriter w
    UNION ALL
    SELECT 'checkpointer', NULL, NULL, w.buffers_checkpoint, w.checkpoint_write_time::float8, NULL, NULL,
           w.checkpoint_sync_time::float8
    FROM pg_catalog.pg_stat_bgwriter w
    UNION ALL
    SELECT 'background writer', NULL, NULL, w.buffers_clean, NULL, NULL, NULL, NULL
    FROM pg_catalog.pg_stat_bgwriter w
) io
CROSS JOIN (SELECT current_setting('block_size')::bigint AS size) b
ORDER BY io.writes DESC NULLS LAST, io.backend_type;
