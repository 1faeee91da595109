-- How wide are the columns of large relations that the role may read, how many are null, how many are different?
-- Costs: one look at pg_stats, five times that of pg_statistic. Needs: SELECT on each table (pg_read_all_data); of
-- others there is no row.
WITH class AS MATERIALIZED (
    SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'm', 'i') AND c.relpages >= 128
), large AS (
    SELECT class.oid FROM class
    UNION
    SELECT i.indrelid FROM pg_catalog.pg_index i WHERE i.indexrelid = ANY (ARRAY(SELECT class.oid FROM class))
)
SELECT c.oid AS relation,
       a.attnum AS number,
       s.null_frac::float8 AS null_ratio,
       s.avg_width AS width,
       s.n_distinct::float8 AS distinct_values
FROM pg_catalog.pg_stats s
JOIN pg_catalog.pg_namespace n ON n.nspname = s.schemaname
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = s.tablename
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname
WHERE NOT s.inherited AND c.oid = ANY (ARRAY(SELECT large.oid FROM large));
