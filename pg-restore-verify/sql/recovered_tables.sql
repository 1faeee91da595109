-- Which relations have rows of their own? The smallest first.
-- Cost: reads the catalogue once. Right: none.
SELECT n.nspname::text AS schema,
       c.relname::text AS name,
       pg_catalog.format('%I.%I', n.nspname, c.relname) AS shown,
       c.relkind = 'm' AS is_view,
       n.nspname IN ('pg_catalog', 'information_schema') AS is_system
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE (c.relkind = 'r' OR c.relkind = 'm' AND c.relispopulated)
  -- of another session, which is gone
  AND c.relpersistence <> 't'
ORDER BY c.relpages, n.nspname, c.relname;
