-- Which materialized views are there, and which hold rows?
-- Cost: reads the catalogue once. Right: none.
SELECT n.nspname::text AS schema,
       c.relname::text AS name,
       c.relispopulated AS populated
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'm'
ORDER BY n.nspname, c.relname;
