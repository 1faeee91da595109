-- How many indexes are there, and which of them can not be used?
-- Cost: reads the catalogue once. Right: none; who is no member of pg_read_all_stats sees only that somebody builds
-- an index, not which.
SELECT n.nspname::text AS schema,
       c.relname::text AS name,
       t.relname::text AS table_name,
       c.relkind = 'I' AS partitioned,
       i.indisvalid AS valid,
       i.indisready AS ready,
       EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p
               WHERE p.datname = current_database()
                 AND coalesce(p.index_relid, 0) IN (i.indexrelid, 0)) AS is_built_now
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
-- one that is being dropped is none any more
WHERE i.indislive
  AND i.indexrelid >= 16384
  AND c.relpersistence <> 't'
ORDER BY n.nspname, c.relname;
