-- Which tables are foreign, so that what they show is elsewhere, and what are they partitions of in the end?
-- Cost: reads the catalogue once. Right: none.
SELECT n.nspname::text AS schema,
       c.relname::text AS name,
       rn.nspname::text AS root_schema,
       r.relname::text AS root_name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class r ON c.relispartition AND r.oid = pg_catalog.pg_partition_root(c.oid)
LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
WHERE c.relkind = 'f'
ORDER BY n.nspname, c.relname;
