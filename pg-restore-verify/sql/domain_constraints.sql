-- What do domains ask of the columns that are of them, or hold values of them, table by table? A domain over another asks
-- what that one does, too. "steps" lead from the column to the values, through arrays (element), ranges (bounds) and
-- composite types (the field's name); those within multiranges are not looked for.
-- Cost: reads the catalogue once. Right: none.
WITH RECURSIVE parts AS (
    SELECT t.oid AS whole, t.typbasetype AS part, NULL::text AS step, NULL::text AS field
    FROM pg_catalog.pg_type t
    WHERE t.typtype = 'd'
    UNION ALL
    SELECT t.typarray, t.oid, 'element', NULL
    FROM pg_catalog.pg_type t
    WHERE t.typarray <> 0
    UNION ALL
    SELECT r.rngtypid, r.rngsubtype, 'bounds', NULL
    FROM pg_catalog.pg_range r
    UNION ALL
    SELECT c.reltype, a.atttypid, 'field', a.attname::text COLLATE "default"
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    WHERE c.reltype <> 0 AND a.attnum > 0 AND NOT a.attisdropped
), holding AS (
    SELECT t.oid AS type, t.oid AS domain, ARRAY[]::text[] AS steps, ARRAY[]::text[] AS fields
    FROM pg_catalog.pg_type t
    WHERE t.typtype = 'd'
    UNION ALL
    SELECT p.whole, h.domain,
           CASE WHEN p.step IS NULL THEN h.steps ELSE pg_catalog.array_prepend(p.step, h.steps) END,
           CASE WHEN p.step IS NULL THEN h.fields ELSE pg_catalog.array_prepend(p.field, h.fields) END
    FROM holding h
    JOIN parts p ON p.part = h.type
), layers AS (
    SELECT t.oid AS domain, t.typbasetype AS base, t.typtypmod AS modifier
    FROM pg_catalog.pg_type t
    WHERE t.typtype = 'd'
    UNION ALL
    SELECT l.domain, t.typbasetype, t.typtypmod
    FROM layers l
    JOIN pg_catalog.pg_type t ON t.oid = l.base AND t.typtype = 'd'
), bases AS (
    SELECT l.domain, pg_catalog.format_type(l.base, l.modifier) AS base
    FROM layers l
    JOIN pg_catalog.pg_type t ON t.oid = l.base AND t.typtype <> 'd'
), asked AS (
    SELECT con.contypid AS domain, con.oid AS constraint_oid, con.conname::text AS name, con.convalidated AS validated,
           EXISTS (SELECT FROM pg_catalog.pg_depend d
                   WHERE d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
                     AND d.objid = con.oid
                     AND d.refobjid >= 16384
                     AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass,
                                          'pg_catalog.pg_operator'::pg_catalog.regclass)) AS runs_own_code
    FROM pg_catalog.pg_constraint con
    WHERE con.contypid <> 0 AND con.contype = 'c'
    UNION ALL
    SELECT t.oid, NULL::pg_catalog.oid, 'NOT NULL', true, false
    FROM pg_catalog.pg_type t
    WHERE t.typtype = 'd' AND t.typnotnull
)
SELECT n.nspname::text AS schema,
       c.relname::text AS table_name,
       c.relpages::pg_catalog.int8 AS pages,
       a.attname::text AS column_name,
       h.steps,
       h.fields,
       b.base,
       pg_catalog.format_type(asked.domain, NULL) AS domain,
       asked.constraint_oid,
       asked.name,
       asked.validated,
       asked.runs_own_code
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN holding h ON h.type = a.atttypid
JOIN asked ON asked.domain = h.domain
JOIN bases b ON b.domain = h.domain
WHERE a.attnum > 0
  AND NOT a.attisdropped
  AND c.relkind = 'r'
  AND c.relpersistence <> 't'
  AND NOT (c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery())
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY n.nspname, c.relname, a.attnum, h.steps, h.fields, asked.name;
