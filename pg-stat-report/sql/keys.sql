-- Which keys are integers, and which foreign keys are narrower than what they point to?
-- Costs: one look at tables, indexes and constraints. Needs: no right.
-- Also those that a sequence fills: rows may have come with numbers of their own. Of partitions the root is told. A
-- foreign key that is as wide ends with what it points to. The operators of a foreign key compare the type that it points
-- to, on their left, with its own; those of an index tell of a domain what is below it. How wide a text or a numeric is
-- its declaration says, or that of the domain that it is of.
WITH RECURSIVE class AS MATERIALIZED (
    SELECT c.oid, c.reltuples < 0 OR c.reltuples = 0 AND pg_catalog.pg_stat_get_live_tuples(c.oid) > 0 AS is_new
    FROM pg_catalog.pg_class c
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' AND c.oid >= 16384
      AND c.relnamespace <> (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'information_schema')
), link AS MATERIALIZED (
    SELECT k.conrelid AS relation, k.confrelid AS other, k.conname, pair.number, pair.other_number,
           o.oprright AS type, o.oprleft AS wider
    FROM pg_catalog.pg_constraint k
    CROSS JOIN LATERAL unnest(k.conkey, k.confkey, k.conpfeqop) AS pair(number, other_number, operator)
    JOIN pg_catalog.pg_operator o ON o.oid = pair.operator
    WHERE k.contype = 'f' AND k.conparentid = 0
      AND o.oprright IN ('int2'::regtype, 'int4'::regtype, 'text'::regtype, 'bpchar'::regtype, 'numeric'::regtype)
), declared AS MATERIALIZED (
    SELECT l.relation, l.number, l.conname, l.other, l.other_number,
           a.atttypid AS type, a.atttypmod AS modifier, b.atttypid AS other_type, b.atttypmod AS other_modifier
    FROM link l
    JOIN pg_catalog.pg_attribute a ON a.attrelid = l.relation AND a.attnum = l.number
        AND a.attrelid = ANY (ARRAY(SELECT link.relation FROM link))
    JOIN pg_catalog.pg_attribute b ON b.attrelid = l.other AND b.attnum = l.other_number
        AND b.attrelid = ANY (ARRAY(SELECT link.other FROM link))
    WHERE l.type IN ('text'::regtype, 'bpchar'::regtype, 'numeric'::regtype)
), domain (oid, base, modifier) AS (
    SELECT t.oid, t.typbasetype, t.typtypmod
    FROM pg_catalog.pg_type t
    WHERE t.typtype = 'd' AND t.oid = ANY (ARRAY(SELECT unnest(ARRAY[declared.type, declared.other_type]) FROM declared))
    UNION ALL
    SELECT d.oid, t.typbasetype, CASE WHEN d.modifier < 0 THEN t.typtypmod ELSE d.modifier END
    FROM domain d
    JOIN pg_catalog.pg_type t ON t.oid = d.base AND t.typtype = 'd'
), width AS (
    -- Letters; digits before the point that always have room, and those behind it. Null: as many as one likes.
    SELECT w.type, w.modifier,
           CASE WHEN w.base IN ('varchar'::regtype, 'bpchar'::regtype) AND w.bits >= 4 THEN w.bits - 4 END AS letters,
           CASE w.base WHEN 'int2'::regtype THEN 4 WHEN 'int4'::regtype THEN 9 WHEN 'int8'::regtype THEN 18
                WHEN 'numeric'::regtype THEN CASE WHEN w.bits >= 4 THEN (w.bits - 4 >> 16) - w.scale END END AS digits,
           CASE WHEN w.base IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 0
                WHEN w.base = 'numeric'::regtype AND w.bits >= 4 THEN w.scale END AS scale
    FROM (
        SELECT DISTINCT t.type, t.modifier, coalesce(d.base, t.type) AS base,
               coalesce(d.modifier, t.modifier) AS bits,
               ((coalesce(d.modifier, t.modifier) - 4 & 2047) # 1024) - 1024 AS scale
        FROM (SELECT declared.type, declared.modifier FROM declared
              UNION SELECT declared.other_type, declared.other_modifier FROM declared) t
        LEFT JOIN domain d ON d.oid = t.type AND d.base NOT IN (SELECT below.oid FROM domain below)
    ) w
), kind AS MATERIALIZED (
    SELECT o.oid, o.opcintype AS type
    FROM pg_catalog.pg_opclass o
    WHERE o.opcintype IN ('int2'::regtype, 'int4'::regtype)
      AND o.opcmethod = (SELECT oid FROM pg_catalog.pg_am WHERE amname = 'btree')
), key AS MATERIALIZED (
    SELECT DISTINCT i.relation, k.number, kind.type
    FROM (SELECT i.indrelid AS relation, i.indkey, i.indclass
          FROM pg_catalog.pg_index i JOIN class ON class.oid = i.indrelid
          WHERE i.indisunique OFFSET 0) i
    CROSS JOIN LATERAL unnest(i.indkey::int2[], i.indclass::oid[]) AS k(number, class)
    JOIN kind ON kind.oid = k.class
    WHERE k.number > 0
), found AS (
    SELECT 'integer_key' AS kind, key.relation, key.number, key.type = 'int2'::regtype AS is_small,
           NULL::name AS name, NULL::oid AS other, NULL::int2 AS other_number
    FROM key
    LEFT JOIN (SELECT DISTINCT relation, number FROM link) l ON l.relation = key.relation AND l.number = key.number
    WHERE l.relation IS NULL
    UNION ALL
    SELECT 'narrow_foreign_key', l.relation, l.number, l.type = 'int2'::regtype, l.conname, l.other, l.other_number
    FROM link l
    WHERE l.wider = 'int8'::regtype OR l.wider = 'int4'::regtype AND l.type = 'int2'::regtype
    UNION ALL
    SELECT 'narrow_foreign_key', d.relation, d.number, NULL, d.conname, d.other, d.other_number
    FROM declared d
    JOIN width one ON one.type = d.type AND one.modifier = d.modifier
    JOIN width other ON other.type = d.other_type AND other.modifier = d.other_modifier
    WHERE one.letters < coalesce(other.letters, one.letters + 1)
       OR one.digits < coalesce(other.digits, one.digits + 1) OR one.scale < other.scale
)
SELECT f.relation, f.number, f.kind, f.is_small, f.name::text AS name, c.is_new,
       (SELECT quote_ident(m.nspname) || '.' || quote_ident(o.relname)
        FROM pg_catalog.pg_class o JOIN pg_catalog.pg_namespace m ON m.oid = o.relnamespace WHERE o.oid = f.other) AS referenced,
       (SELECT pg_catalog.format_type(a.atttypid, a.atttypmod)
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = f.other AND a.attnum = f.other_number) AS referenced_type
FROM found f
JOIN class c ON c.oid = f.relation;
