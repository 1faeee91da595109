-- What are the largest and the smallest value of each of these integer columns that the role may read, as ANALYZE saw them?
-- Costs: one look at pg_stats, for {relations}. Needs: SELECT on each table; of others there is no row.
-- The smallest only where rows that came later have smaller values, by the order in which they lie.
SELECT c.oid AS relation,
       a.attnum AS number,
       greatest((SELECT max(v.value) FROM unnest(s.histogram_bounds::text::int8[]) AS v(value)),
                (SELECT max(v.value) FROM unnest(s.most_common_vals::text::int8[]) AS v(value))) AS largest,
       CASE WHEN s.correlation < 0
            THEN least((SELECT min(v.value) FROM unnest(s.histogram_bounds::text::int8[]) AS v(value)),
                       (SELECT min(v.value) FROM unnest(s.most_common_vals::text::int8[]) AS v(value))) END AS smallest
FROM unnest({relations}::oid[], {numbers}::int2[]) AS asked(relation, number)
JOIN pg_catalog.pg_class c ON c.oid = asked.relation AND c.oid = ANY ({relations}::oid[])
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = asked.number
JOIN pg_catalog.pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname;
