-- Which columns may hold no NULL? One whose constraint is not valid (from 18 on) is among the others.
-- Cost: reads the catalogue once. Right: none.
SELECT n.nspname::text AS schema,
       c.relname::text AS table_name,
       c.relpages::pg_catalog.int8 AS pages,
       a.attname::text AS column_name
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnotnull
  AND a.attnum > 0
  AND NOT a.attisdropped
  AND c.relkind = 'r'
  AND c.relpersistence <> 't'
  AND NOT (c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery())
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint con
                  WHERE con.conrelid = a.attrelid AND con.contype = 'n' AND con.conkey = ARRAY[a.attnum]
                    AND NOT con.convalidated)
ORDER BY n.nspname, c.relname, a.attnum;
