-- Which relations are in these schemas ($1)? Cost: reads pg_class once. Right: none.
SELECT n.nspname::text AS schema, c.relname::text AS name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1)
  AND c.relkind IN ('r', 'S', 'v', 'm', 'f', 'p');
