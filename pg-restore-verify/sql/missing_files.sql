-- Which relations that nothing else reads to their end have no file? Sequences, and what holds the long values of tables.
-- Cost: reads the catalogue once, and looks for a file for each. Right: a superuser.
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS shown,
       pg_catalog.pg_relation_filepath(c.oid) AS file
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE (c.relkind = 'S' OR n.nspname = 'pg_toast')
  -- of another session, which is gone
  AND c.relpersistence <> 't'
  AND (pg_catalog.pg_stat_file(pg_catalog.pg_relation_filepath(c.oid), true)).size IS NULL
ORDER BY 1;
