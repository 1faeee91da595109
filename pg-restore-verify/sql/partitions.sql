-- Which tables do the rows of each partition belong to as well: what it is a partition of, and so on upwards?
-- Cost: reads the catalogue once. Right: none.
WITH RECURSIVE above (leaf, oid) AS (
    SELECT i.inhrelid, i.inhparent
    FROM pg_catalog.pg_inherits i
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition AND c.relkind IN ('r', 'f')
    UNION
    SELECT a.leaf, i.inhparent
    FROM above a
    JOIN pg_catalog.pg_class c ON c.oid = a.oid AND c.relispartition
    JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid
)
SELECT ln.nspname::text AS schema, l.relname::text AS name,
       an.nspname::text AS above_schema, u.relname::text AS above_name
FROM above a
JOIN pg_catalog.pg_class l ON l.oid = a.leaf
JOIN pg_catalog.pg_namespace ln ON ln.oid = l.relnamespace
JOIN pg_catalog.pg_class u ON u.oid = a.oid
JOIN pg_catalog.pg_namespace an ON an.oid = u.relnamespace;
