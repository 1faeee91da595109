-- The tables that planning needs statistics of: no foreign ones, nor those that may have foreign
-- partitions.
-- Cost: none. Right: none.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND c.relispopulated AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema';
