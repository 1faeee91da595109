-- What is the largest value of each integer column of these relations that the role may read, as ANALYZE saw it?
-- Costs: one look at pg_stats, for {relations}. Needs: SELECT on each table; of others there is no row.
SELECT c.oid AS relation,
       a.attnum AS number,
       max(greatest((SELECT max(v.value) FROM unnest(s.histogram_bounds::text::int8[]) AS v(value)),
                    (SELECT max(v.value) FROM unnest(s.most_common_vals::text::int8[]) AS v(value)))) AS largest
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.atttypid IN ('int2'::regtype, 'int4'::regtype)
JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname
WHERE c.oid = ANY ({relations}::oid[])
GROUP BY c.oid, a.attnum;
