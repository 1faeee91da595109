-- Which B-trees can be looked into? On a standby not those of unlogged tables.
-- Cost: reads the catalogue once. Right: none.
SELECT i.indexrelid AS oid,
       n.nspname::text AS schema,
       c.relname::text AS name,
       (c.relpages + t.relpages)::pg_catalog.int8 AS pages
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
JOIN pg_catalog.pg_am a ON a.oid = c.relam
WHERE a.amname = 'btree'
  AND c.relkind = 'i'
  AND i.indisvalid AND i.indisready AND i.indislive
  AND i.indexrelid >= 16384
  AND c.relpersistence <> 't'
  AND NOT (c.relpersistence = 'u' AND pg_is_in_recovery())
ORDER BY n.nspname, c.relname;
