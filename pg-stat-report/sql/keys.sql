-- Which integer keys are filled by no sequence of the server's, and which foreign keys are narrower than what they point to?
-- Costs: one look at tables, indexes and constraints, and at the columns of unique keys that are integers. Needs: no right.
-- A column with a default is taken for one that a sequence fills, of which section sequences tells. Of partitions the
-- root is told. The operators of a foreign key compare the type that it points to, on their left, with its own.
WITH class AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relnamespace, c.reltuples
    FROM pg_catalog.pg_class c
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' AND c.oid >= 16384
), link AS MATERIALIZED (
    SELECT k.conrelid AS relation, k.confrelid AS other, k.conname, pair.number,
           o.oprright AS type, o.oprleft AS wider
    FROM pg_catalog.pg_constraint k
    CROSS JOIN LATERAL unnest(k.conkey, k.conpfeqop) AS pair(number, operator)
    JOIN pg_catalog.pg_operator o ON o.oid = pair.operator
    WHERE k.contype = 'f' AND k.conparentid = 0 AND o.oprright IN ('int2'::regtype, 'int4'::regtype)
), key AS MATERIALIZED (
    SELECT DISTINCT i.relation, k.number
    FROM (SELECT i.indrelid AS relation, i.indkey, i.indclass
          FROM pg_catalog.pg_index i JOIN class ON class.oid = i.indrelid
          WHERE i.indisunique OFFSET 0) i
    CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indclass::oid[]) AS k(number, class)
    WHERE k.class = ANY (ARRAY(SELECT o.oid FROM pg_catalog.pg_opclass o
                               WHERE o.opcintype IN ('int2'::regtype, 'int4'::regtype)
                                 AND o.opcmethod = (SELECT oid FROM pg_catalog.pg_am WHERE amname = 'btree')))
), found AS MATERIALIZED (
    SELECT 'integer_key' AS kind, key.relation, key.number, NULL::oid AS type, NULL::text AS name, NULL::oid AS other
    FROM key
    LEFT JOIN (SELECT DISTINCT relation, number FROM link) l ON l.relation = key.relation AND l.number = key.number
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = key.relation AND d.adnum = key.number
    WHERE l.relation IS NULL AND d.adrelid IS NULL
    UNION ALL
    SELECT 'narrow_foreign_key', l.relation, l.number, l.type, l.conname::text, l.other
    FROM link l
    WHERE l.wider = 'int8'::regtype OR l.wider = 'int4'::regtype AND l.type = 'int2'::regtype
)
SELECT f.relation,
       f.number,
       f.kind,
       quote_ident(s.nspname) || '.' || quote_ident(c.relname) AS "table",
       quote_ident(a.attname) AS "column",
       a.atttypid::regtype::text AS type,
       CASE a.atttypid WHEN 'int2'::regtype THEN 32767 ELSE 2147483647 END::int8 AS final_value,
       f.name,
       (SELECT quote_ident(m.nspname) || '.' || quote_ident(o.relname)
        FROM pg_catalog.pg_class o JOIN pg_catalog.pg_namespace m ON m.oid = o.relnamespace WHERE o.oid = f.other) AS referenced,
       c.reltuples < 0 OR c.reltuples = 0 AND pg_catalog.pg_stat_get_live_tuples(c.oid) > 0 AS is_new
FROM found f
JOIN class c ON c.oid = f.relation
JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = f.relation AND a.attnum = f.number
                              AND a.attrelid = ANY (ARRAY(SELECT found.relation FROM found))
WHERE s.nspname <> 'information_schema'
  AND (f.kind = 'narrow_foreign_key' OR a.attidentity = '')
ORDER BY f.kind, "table", "column";
