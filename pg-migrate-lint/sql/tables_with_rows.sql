-- The tables that hold rows, with their columns and what tells their rows apart: what is compared before and after a way
-- there and back. Partitioned tables hold those of their partitions.
-- Reads catalogues only; needs no right beyond connecting.
SELECT c.oid AS number, n.nspname::text AS schema, c.relname::text AS name, c.relkind = 'p' AS is_whole,
    pg_catalog.array_agg(a.attname::text ORDER BY a.attnum) AS columns,
    pg_catalog.array_agg(a.attnum ORDER BY a.attnum) AS numbers,
    pg_catalog.array_agg(a.attlen < 0 ORDER BY a.attnum) AS lengthy,
    coalesce((
        SELECT ARRAY(SELECT k.number FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
            WHERE k.place <= i.indnkeyatts ORDER BY k.place)
        FROM pg_catalog.pg_index i
        WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
            AND i.indpred IS NULL AND i.indexprs IS NULL
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute k
                WHERE k.attrelid = c.oid AND k.attnum = ANY (i.indkey::int2[]) AND NOT k.attnotnull)
        ORDER BY i.indisprimary DESC, i.indexrelid
        LIMIT 1), '{}') AS key
FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x
        WHERE x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND x.objid = c.oid AND x.deptype = 'e')
GROUP BY c.oid, n.nspname, c.relname, c.relkind
ORDER BY n.nspname, c.relname
