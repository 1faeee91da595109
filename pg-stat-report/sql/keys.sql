-- Which integer keys are filled by no sequence of the server's, and which foreign keys are narrower than what they point to?
-- Costs: one look at indexes, constraints and integer columns. Needs: no right.
-- What a sequence fills is told of by section sequences. Of partitions the root is told.
WITH narrow AS MATERIALIZED (
    SELECT a.attrelid, a.attnum, a.attname, a.atttypid
    FROM pg_catalog.pg_attribute a
    WHERE a.atttypid IN ('int2'::regtype, 'int4'::regtype) AND a.attnum > 0 AND NOT a.attisdropped
), filled AS MATERIALIZED (
    SELECT d.refobjid AS relation, d.refobjsubid AS number
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
      AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    UNION
    SELECT f.adrelid, f.adnum
    FROM pg_catalog.pg_attrdef f
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = f.oid
    JOIN pg_catalog.pg_class s ON s.oid = d.refobjid AND s.relkind = 'S' AND d.refclassid = 'pg_catalog.pg_class'::regclass
), key AS MATERIALIZED (
    SELECT i.indrelid AS relation, k.number
    FROM pg_catalog.pg_index i
    CROSS JOIN LATERAL unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) AS k(number)
    WHERE i.indisunique AND i.indrelid >= 16384
), link AS MATERIALIZED (
    SELECT k.conrelid, k.confrelid, k.conname, pair.number, pair.other
    FROM pg_catalog.pg_constraint k
    CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS pair(number, other)
    WHERE k.contype = 'f' AND k.conparentid = 0
), found AS (
    SELECT 'integer_key' AS kind, n.attrelid AS relation, n.attnum, n.attname, n.atttypid, NULL::text AS name, NULL::oid AS other
    FROM narrow n
    JOIN (SELECT DISTINCT relation, number FROM key) key ON key.relation = n.attrelid AND key.number = n.attnum
    LEFT JOIN filled f ON f.relation = n.attrelid AND f.number = n.attnum
    LEFT JOIN (SELECT DISTINCT conrelid, number FROM link) l ON l.conrelid = n.attrelid AND l.number = n.attnum
    WHERE f.relation IS NULL AND l.conrelid IS NULL
    UNION ALL
    SELECT 'narrow_foreign_key', n.attrelid, n.attnum, n.attname, n.atttypid, l.conname::text, l.confrelid
    FROM narrow n
    JOIN link l ON l.conrelid = n.attrelid AND l.number = n.attnum
    JOIN pg_catalog.pg_attribute o ON o.attrelid = l.confrelid AND o.attnum = l.other
    WHERE o.atttypid IN ('int4'::regtype, 'int8'::regtype) AND o.attlen > CASE n.atttypid WHEN 'int2'::regtype THEN 2 ELSE 4 END
)
SELECT f.relation,
       f.attnum AS number,
       f.kind,
       quote_ident(s.nspname) || '.' || quote_ident(c.relname) AS "table",
       quote_ident(f.attname) AS "column",
       f.atttypid::regtype::text AS type,
       CASE f.atttypid WHEN 'int2'::regtype THEN 32767 ELSE 2147483647 END::int8 AS final_value,
       f.name,
       (SELECT quote_ident(m.nspname) || '.' || quote_ident(o.relname)
        FROM pg_catalog.pg_class o JOIN pg_catalog.pg_namespace m ON m.oid = o.relnamespace WHERE o.oid = f.other) AS referenced,
       c.reltuples < 0 OR c.reltuples = 0 AND pg_catalog.pg_stat_get_live_tuples(c.oid) > 0 AS is_new
FROM found f
JOIN pg_catalog.pg_class c ON c.oid = f.relation
JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
WHERE NOT c.relispartition AND c.relpersistence <> 't' AND c.relkind IN ('r', 'p')
  AND s.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY f.kind, "table", "column";
