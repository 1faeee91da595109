-- How large is each database, and what has been done in it?
-- Costs: a look at the size of each file. Needs: CONNECT to a database, or pg_read_all_stats, for its size.
-- hit_ratio is that of shared_buffers; the system's own cache is not seen. The row without a database is that of
-- what all share. The line "judged:" is for checks, none of which asks for a size unless somebody gives a threshold.
SELECT s.datname::text AS database,
       d.oid,
       CASE WHEN d.oid IS NOT NULL AND (has_database_privilege(d.oid, 'CONNECT')
                 OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'))
            -- judged: AND false
            THEN pg_catalog.pg_database_size(d.oid) END AS bytes,
       d.datallowconn AS allows_connections,
       CASE WHEN d.datconnlimit >= 0 THEN d.datconnlimit END AS connection_limit,
       -- Its DROP DATABASE was broken off.
       d.datconnlimit = -2 AS is_invalid,
       s.xact_commit AS commits,
       s.xact_rollback AS rollbacks,
       s.blks_read AS blocks_read,
       s.blks_hit AS blocks_hit,
       s.blks_hit / nullif(s.blks_hit + s.blks_read, 0)::float8 AS hit_ratio,
       s.tup_returned AS rows_read,
       s.tup_fetched AS rows_fetched,
       s.tup_inserted AS rows_inserted,
       s.tup_updated AS rows_updated,
       s.tup_deleted AS rows_deleted,
       s.temp_files,
       s.temp_bytes,
       s.deadlocks,
       s.conflicts,
       NULL::bigint AS sessions, -- before 14
       -- since 14: s.sessions,
       NULL::bigint AS sessions_abandoned, -- before 14
       -- since 14: s.sessions_abandoned,
       NULL::bigint AS sessions_fatal, -- before 14
       -- since 14: s.sessions_fatal,
       NULL::bigint AS sessions_killed, -- before 14
       -- since 14: s.sessions_killed,
       s.checksum_failures,
       s.checksum_last_failure AS checksum_last_failed_at,
       s.stats_reset AS counted_since,
       NULL::text AS collation_version, -- before 15
       -- since 15: d.datcollversion AS collation_version,
       NULL::text AS collation_version_now -- before 15
       -- since 15: CASE WHEN d.datallowconn THEN pg_catalog.pg_database_collation_actual_version(d.oid) END AS collation_version_now
FROM pg_catalog.pg_stat_database s
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.datid
ORDER BY bytes DESC NULLS LAST, database;
