-- Sequences that do not begin anew by themselves, each with the column that it numbers, and whether materialized views
-- can be read: what a way back may leave other than it was, though definitions and rows are the same.
-- Reads catalogues only; needs no right beyond connecting.
WITH numbered AS (
    SELECT d.refobjid AS sequence, f.adrelid AS relation, f.adnum AS place, 1 AS rank
    FROM pg_catalog.pg_attrdef f
        JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = f.oid
    WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    UNION ALL
    SELECT d.objid, d.refobjid, d.refobjsubid, 2
    FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = d.classid
        AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
), columns AS (
    SELECT DISTINCT ON (d.sequence) d.sequence, n.nspname::text AS of_schema, t.relname::text AS of_table,
        a.attname::text AS of_column
    FROM numbered d
        JOIN pg_catalog.pg_attribute a ON a.attrelid = d.relation AND a.attnum = d.place
        JOIN pg_catalog.pg_class t ON t.oid = a.attrelid AND t.relkind IN ('r', 'p')
        JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
    WHERE a.atttypid IN ('int2'::pg_catalog.regtype, 'int4'::pg_catalog.regtype, 'int8'::pg_catalog.regtype)
    ORDER BY d.sequence, d.rank, t.oid, a.attnum
)
SELECT c.oid AS number, n.nspname::text AS schema, c.relname::text AS name, c.relkind = 'm' AS is_view,
    c.relispopulated AS is_filled, coalesce(s.seqincrement, 1) AS step, k.of_schema, k.of_table, k.of_column
FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
    LEFT JOIN columns k ON k.sequence = c.oid
WHERE (c.relkind = 'm' OR NOT s.seqcycle) AND c.relpersistence <> 't'
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY n.nspname, c.relname
