-- The tables that planning needs statistics of: no foreign ones, nor those that have foreign children
-- or may have foreign partitions.
-- Cost: none. Right: none.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT EXISTS (WITH RECURSIVE below (oid) AS (
                      SELECT c.oid
                      UNION
                      SELECT i.inhrelid FROM below b JOIN pg_catalog.pg_inherits i ON i.inhparent = b.oid
                  )
                  SELECT FROM below b JOIN pg_catalog.pg_class f ON f.oid = b.oid AND f.relkind = 'f')
  AND c.relkind IN ('r', 'm') AND c.relispopulated AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema';
