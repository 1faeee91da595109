-- What do domains ask of the columns that are of them, table by table? A domain over another asks what that one does, too.
-- Domains within arrays, ranges and composite types are not looked for.
-- Cost: reads the catalogue once. Right: none.
WITH RECURSIVE layers AS (
    SELECT t.oid AS type, t.oid AS domain, t.typbasetype AS base, t.typtypmod AS modifier, t.typnotnull AS not_null
    FROM pg_catalog.pg_type t
    WHERE t.typtype = 'd'
    UNION ALL
    SELECT l.type, t.oid, t.typbasetype, t.typtypmod, t.typnotnull
    FROM layers l
    JOIN pg_catalog.pg_type t ON t.oid = l.base AND t.typtype = 'd'
), bases AS (
    SELECT l.type, pg_catalog.format_type(l.base, l.modifier) AS base
    FROM layers l
    JOIN pg_catalog.pg_type t ON t.oid = l.base AND t.typtype <> 'd'
), asked AS (
    SELECT l.type, l.domain, con.oid AS constraint_oid, con.conname::text AS name, con.convalidated AS validated,
           EXISTS (SELECT FROM pg_catalog.pg_depend d
                   WHERE d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
                     AND d.objid = con.oid
                     AND d.refobjid >= 16384
                     AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass,
                                          'pg_catalog.pg_operator'::pg_catalog.regclass)) AS runs_own_code
    FROM layers l
    JOIN pg_catalog.pg_constraint con ON con.contypid = l.domain AND con.contype = 'c'
    UNION ALL
    SELECT l.type, l.domain, NULL::pg_catalog.oid, 'NOT NULL', true, false
    FROM layers l
    WHERE l.not_null
)
SELECT n.nspname::text AS schema,
       c.relname::text AS table_name,
       c.relpages::pg_catalog.int8 AS pages,
       a.attname::text AS column_name,
       b.base,
       pg_catalog.format_type(asked.domain, NULL) AS domain,
       asked.constraint_oid,
       asked.name,
       asked.validated,
       asked.runs_own_code
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN asked ON asked.type = a.atttypid
JOIN bases b ON b.type = a.atttypid
WHERE a.attnum > 0
  AND NOT a.attisdropped
  AND c.relkind = 'r'
  AND c.relpersistence <> 't'
  AND NOT (c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery())
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY n.nspname, c.relname, a.attnum, asked.name;
