-- How wide are the columns of these relations that the role may read, how many are null, how many are different?
-- Costs: one look at pg_stats, five times that of pg_statistic. Needs: SELECT on each table (pg_read_all_data); of
-- others there is no row.
SELECT c.oid AS relation,
       a.attnum AS number,
       s.null_frac::float8 AS null_ratio,
       s.avg_width AS width,
       s.n_distinct::float8 AS distinct_values
FROM pg_catalog.pg_stats s
JOIN pg_catalog.pg_namespace n ON n.nspname = s.schemaname
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = s.tablename
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname
WHERE NOT s.inherited AND c.oid = ANY ({relations}::oid[]);
