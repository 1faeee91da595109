-- Which sequences were restored that a dump of everything would hold the position of?
-- Cost: the catalog only. Right: none.
SELECT n.nspname::text AS schema,
       c.relname::text AS name,
       -- a standby can't read it, so that a dump from there lacks its position
       c.relpersistence = 'u' AS unlogged
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                    AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e')
ORDER BY 1, 2;
