-- Who reads and writes how many blocks, of what and in which way, and how long does that take?
-- Costs: nothing worth a word. Needs: no right.
-- Times are 0 unless track_io_timing (of WAL, since 18: track_wal_io_timing) is on. Rows without anything are left out.
SELECT io.backend_type,
       io.object,
       io.context,
       io.reads,
       io.reads * io.op_bytes AS read_bytes, -- before 18
       -- since 18: io.read_bytes::bigint AS read_bytes,
       io.read_time AS read_ms,
       io.writes,
       io.writes * io.op_bytes AS write_bytes, -- before 18
       -- since 18: io.write_bytes::bigint AS write_bytes,
       io.write_time AS write_ms,
       io.extends,
       io.extends * io.op_bytes AS extend_bytes, -- before 18
       -- since 18: io.extend_bytes::bigint AS extend_bytes,
       io.hits,
       io.evictions,
       io.reuses,
       io.fsyncs,
       io.fsync_time AS fsync_ms,
       io.stats_reset AS counted_since
FROM pg_catalog.pg_stat_io io
WHERE coalesce(io.reads, 0) + coalesce(io.writes, 0) + coalesce(io.extends, 0) + coalesce(io.hits, 0)
          + coalesce(io.fsyncs, 0) > 0
ORDER BY coalesce(io.reads, 0) + coalesce(io.writes, 0) + coalesce(io.extends, 0) DESC, io.backend_type, io.object, io.context;
