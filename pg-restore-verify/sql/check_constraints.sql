-- Which CHECK and NOT NULL constraints are there, table by table, and which of them call functions of the database's own?
-- Those of foreign tables are left out: nothing is ever read from those.
-- Cost: reads the catalogue once. Right: none.
SELECT con.oid AS constraint_oid,
       con.conname::text AS name,
       n.nspname::text AS schema,
       c.relname::text AS table_name,
       c.relpages::pg_catalog.int8 AS pages,
       con.convalidated AS validated,
       -- conenforced exists from 18 on
       coalesce((to_jsonb(con) ->> 'conenforced')::pg_catalog.bool, true) AS enforced,
       -- what the server brings along has a number below 16384
       EXISTS (SELECT FROM pg_catalog.pg_depend d
               WHERE d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
                 AND d.objid = con.oid
                 AND d.refobjid >= 16384
                 AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass,
                                      'pg_catalog.pg_operator'::pg_catalog.regclass,
                                      'pg_catalog.pg_type'::pg_catalog.regclass)) AS runs_own_code
FROM pg_catalog.pg_constraint con
JOIN pg_catalog.pg_class c ON c.oid = con.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
-- a NOT NULL has a constraint from 18 on; the valid ones hold by themselves
WHERE (con.contype = 'c' OR con.contype = 'n' AND NOT con.convalidated)
  AND c.relkind = 'r'
  AND c.relpersistence <> 't'
  AND NOT (c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery())
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY n.nspname, c.relname, con.conname;
