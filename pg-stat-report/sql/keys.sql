-- Which keys are integers, and which foreign keys are narrower than what they point to?
-- Costs: one look at tables, indexes and constraints. Needs: no right.
-- Also those that a sequence fills: rows may have come with numbers of their own. Of partitions the root is told. A
-- foreign key that is as wide ends with what it points to. The operators of a foreign key compare the type that it points
-- to, on their left, with its own; those of an index tell of a domain what is below it. Which foreign keys on texts and
-- numerics are narrower their declarations say (narrow_keys.sql). Lines "with" are left out where the database has no such
-- thing (there.sql).
WITH class AS MATERIALIZED (
    SELECT c.oid, c.reltuples < 0 OR c.reltuples = 0 AND pg_catalog.pg_stat_get_live_tuples(c.oid) > 0 AS is_new
    FROM pg_catalog.pg_class c
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' AND c.oid >= 16384
      AND c.relnamespace <> (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'information_schema')
-- with foreign keys:
), link AS MATERIALIZED (
    SELECT k.conrelid AS relation, k.confrelid AS other, k.conname, pair.number, pair.other_number,
           o.oprright AS type, o.oprleft AS wider
    FROM pg_catalog.pg_constraint k
    CROSS JOIN LATERAL unnest(k.conkey, k.confkey, k.conpfeqop) AS pair(number, other_number, operator)
    JOIN pg_catalog.pg_operator o ON o.oid = pair.operator
    WHERE k.contype = 'f' AND k.conparentid = 0
      AND o.oprright IN ('int2'::regtype, 'int4'::regtype, 'text'::regtype, 'bpchar'::regtype, 'numeric'::regtype)
-- in any case:
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
    LEFT JOIN (SELECT DISTINCT relation, number FROM link) l ON l.relation = key.relation AND l.number = key.number -- with foreign keys
    -- with foreign keys:
    WHERE l.relation IS NULL
    UNION ALL
    SELECT 'narrow_foreign_key', l.relation, l.number,
           CASE WHEN l.type IN ('int2'::regtype, 'int4'::regtype) THEN l.type = 'int2'::regtype END, l.conname, l.other, l.other_number
    FROM link l
    WHERE l.wider = 'int8'::regtype OR l.wider = 'int4'::regtype AND l.type = 'int2'::regtype
       OR l.type NOT IN ('int2'::regtype, 'int4'::regtype)
    -- in any case:
)
SELECT f.relation, f.number, f.kind, f.is_small, f.name::text AS name, f.other, f.other_number, c.is_new
FROM found f
JOIN class c ON c.oid = f.relation;
