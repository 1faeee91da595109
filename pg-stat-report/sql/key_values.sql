-- What is the largest value of each integer column of these relations, as ANALYZE saw it in its sample?
-- Costs: one look at the statistics of {relations}. Needs: SELECT on pg_statistic (superuser; GRANT SELECT ON pg_statistic).
-- The bounds of a histogram and the most common values; a partitioned table has statistics of all its parts.
SELECT s.starelid AS relation,
       s.staattnum AS number,
       max((SELECT max(v.value::int8)
            FROM (VALUES (s.stakind1, s.stavalues1::text), (s.stakind2, s.stavalues2::text),
                         (s.stakind3, s.stavalues3::text)) AS slot(kind, list)
            CROSS JOIN LATERAL unnest(string_to_array(btrim(slot.list, '{}'), ',')) AS v(value)
            WHERE slot.kind IN (1, 2))) AS largest
FROM pg_catalog.pg_statistic s
JOIN pg_catalog.pg_attribute a ON a.attrelid = s.starelid AND a.attnum = s.staattnum
                              AND a.atttypid IN ('int2'::regtype, 'int4'::regtype)
WHERE s.starelid = ANY ({relations}::oid[])
GROUP BY s.starelid, s.staattnum;
