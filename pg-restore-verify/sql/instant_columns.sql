-- Which columns hold instants (timestamp with time zone), whose text depends on the session's time zone?
-- Cost: reads the catalogue once. Right: none.
WITH RECURSIVE contains (type, inside) AS (
    SELECT oid, typelem FROM pg_catalog.pg_type WHERE typelem <> 0
    UNION ALL
    SELECT oid, typbasetype FROM pg_catalog.pg_type WHERE typbasetype <> 0
    UNION ALL
    SELECT rngtypid, rngsubtype FROM pg_catalog.pg_range
    UNION ALL
    -- rngmultitypid exists from 14 on
    SELECT (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::pg_catalog.oid, rngtypid FROM pg_catalog.pg_range r
    UNION ALL
    SELECT c.reltype, a.atttypid
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.reltype <> 0
), instants (type) AS (
    SELECT 'pg_catalog.timestamptz'::pg_catalog.regtype::pg_catalog.oid
    UNION
    SELECT c.type FROM contains c JOIN instants i ON c.inside = i.type
)
SELECT n.nspname::text, c.relname::text, a.attname::text
FROM pg_catalog.pg_attribute a
JOIN instants i ON i.type = a.atttypid
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0
  AND NOT a.attisdropped
  AND c.relkind IN ('r', 'p', 'f', 'm')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema');
