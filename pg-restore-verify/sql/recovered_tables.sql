-- Which relations have rows of their own? The smallest first.
-- Cost: reads the catalogue once, and the sizes of files. Right: none.
SELECT n.nspname::text AS schema,
       c.relname::text AS name,
       pg_catalog.format('%I.%I', n.nspname, c.relname) AS shown,
       c.relkind = 'm' AS is_view,
       n.nspname IN ('pg_catalog', 'information_schema') AS is_system,
       -- all its rows, without a function that planning would call, and not one by one in what may not fit into memory
       (pg_catalog.pg_relation_size(c.oid) < 268435456
        OR c.relpages > 0 AND c.relallvisible >= c.relpages * 0.99)
       AND EXISTS (SELECT FROM pg_catalog.pg_index i
               JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
               JOIN pg_catalog.pg_am am ON am.oid = ic.relam AND am.amname = 'btree'
               WHERE i.indrelid = c.oid AND i.indpred IS NULL AND i.indisvalid)
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i
                       WHERE i.indrelid = c.oid AND (i.indpred IS NOT NULL OR i.indexprs IS NOT NULL)) AS is_indexed
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE (c.relkind = 'r' OR c.relkind = 'm' AND c.relispopulated)
  -- of another session, which is gone
  AND c.relpersistence <> 't'
ORDER BY c.relpages, n.nspname, c.relname;
