-- Which tables have the rows of a table ($1: its schema, $2: its name), itself or its partitions, and
-- above which tables are they?
-- Cost: looks at the partitions of one table. Right: none.
WITH RECURSIVE below (oid) AS (
    SELECT c.oid
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2
    UNION
    SELECT i.inhrelid
    FROM below b
    JOIN pg_catalog.pg_class p ON p.oid = b.oid AND p.relkind = 'p'
    JOIN pg_catalog.pg_inherits i ON i.inhparent = p.oid
), above (leaf, oid) AS (
    SELECT oid, oid FROM below
    UNION
    SELECT a.leaf, i.inhparent
    FROM above a
    JOIN pg_catalog.pg_class c ON c.oid = a.oid AND c.relispartition
    JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid
)
SELECT ln.nspname::text AS schema, l.relname::text AS name,
       an.nspname::text AS above_schema, u.relname::text AS above_name
FROM above a
JOIN pg_catalog.pg_class l ON l.oid = a.leaf AND l.relkind = 'r'
JOIN pg_catalog.pg_namespace ln ON ln.oid = l.relnamespace
JOIN pg_catalog.pg_class u ON u.oid = a.oid
JOIN pg_catalog.pg_namespace an ON an.oid = u.relnamespace;
