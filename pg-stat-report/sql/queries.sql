-- Which statements cost most?
-- Costs: one look at pg_stat_statements with its texts, some 3 us for each of its entries.
-- Needs: the extension in this database, and pg_read_all_stats for the texts of other roles' statements.
-- {schema} is where the extension is. Its version decides the columns, not the server's: this is for 1.8, of 13.
-- Shown are the first fifty by total time, by calls, by blocks, and by mean time, there those with many calls and those
-- with few apart.
WITH ranked AS (
    SELECT s.*,
           s.total_exec_time / nullif(sum(s.total_exec_time) OVER (), 0) AS share,
           row_number() OVER (ORDER BY s.total_exec_time DESC, s.queryid) AS by_total,
           row_number() OVER (PARTITION BY s.calls >= 50 ORDER BY s.mean_exec_time DESC, s.queryid) AS by_mean,
           row_number() OVER (ORDER BY s.calls DESC, s.queryid) AS by_calls,
           row_number() OVER (ORDER BY s.shared_blks_read + s.temp_blks_written DESC, s.queryid) AS by_blocks
    FROM {schema}.pg_stat_statements(true) s
)
SELECT d.datname::text AS database,
       r.rolname::text AS "user",
       c.queryid,
       c.calls,
       c.total_exec_time AS total_ms,
       c.mean_exec_time AS mean_ms,
       c.max_exec_time AS max_ms,
       c.stddev_exec_time AS stddev_ms,
       c.share AS share_ratio,
       c.rows AS rows,
       c.total_plan_time AS plan_ms,
       c.shared_blks_hit AS blocks_hit,
       c.shared_blks_read AS blocks_read,
       c.shared_blks_dirtied AS blocks_dirtied,
       c.temp_blks_written AS temp_blocks_written,
       c.wal_bytes::float8 AS wal_bytes,
       c.blk_read_time AS read_ms,
       c.blk_write_time AS write_ms,
       NULL::bigint AS forgotten,
       NULL::timestamptz AS counted_since,
       c.query IS NULL OR c.query = '<insufficient privilege>' AS is_hidden,
       nullif(c.query, '<insufficient privilege>') AS query
FROM ranked c
LEFT JOIN pg_catalog.pg_database d ON d.oid = c.dbid
LEFT JOIN pg_catalog.pg_roles r ON r.oid = c.userid
WHERE least(c.by_total, c.by_mean, c.by_calls, c.by_blocks) <= 50
ORDER BY c.total_exec_time DESC, c.queryid;
