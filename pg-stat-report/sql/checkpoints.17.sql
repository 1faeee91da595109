-- How often are checkpoints made, and were they asked for because max_wal_size was reached?
-- Costs: nothing worth a word. Needs: no right.
-- A checkpoint that somebody asks for, as a backup does, counts as requested as well.
SELECT b.num_timed AS timed,
       b.num_requested AS requested,
       b.num_requested / nullif(b.num_timed + b.num_requested, 0)::float8 AS requested_ratio,
       extract(epoch FROM clock_timestamp() - b.stats_reset)::float8
           / nullif(b.num_timed + b.num_requested, 0) AS interval_seconds,
       b.write_time::float8 AS write_ms,
       b.sync_time::float8 AS sync_ms,
       b.buffers_written,
       b.stats_reset AS counted_since,
       extract(epoch FROM current_setting('checkpoint_timeout')::interval)::bigint AS checkpoint_timeout_seconds,
       pg_catalog.pg_size_bytes(current_setting('max_wal_size')) AS max_wal_bytes
FROM pg_catalog.pg_stat_checkpointer b;
