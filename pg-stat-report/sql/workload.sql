-- What do the counters of all databases together say of memory?
-- Costs: nothing worth a word. Needs: no right.
-- A crash or a reset begins them anew; since when they count at least is what the youngest of them says.
SELECT sum(d.blks_hit)::float8 AS blocks_hit,
       sum(d.blks_read)::float8 AS blocks_read,
       sum(d.temp_bytes)::float8 AS temp_bytes,
       extract(epoch FROM clock_timestamp() - coalesce(
           greatest(max(d.stats_reset), (SELECT stats_reset FROM pg_catalog.pg_stat_archiver)),
           pg_catalog.pg_postmaster_start_time()))::float8 AS counted_seconds
FROM pg_catalog.pg_stat_database d;
