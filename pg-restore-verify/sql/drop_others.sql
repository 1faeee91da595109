-- The statements that leave the chosen relations ($1: their schemas, $2: their names) alone in the
-- database, in order: first what would take a chosen one along is undone, then the others go.
-- What belongs to an extension stays.
-- Cost: reads the catalogue. Right: none.
WITH chosen (oid) AS (
    SELECT c.oid
    FROM unnest($1::pg_catalog.text[], $2::pg_catalog.text[]) AS r (schema, name)
    JOIN pg_catalog.pg_namespace n ON n.nspname = r.schema
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = r.name
), other (oid, name, kind) AS (
    SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname), c.relkind
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND n.nspname !~ '^pg_(toast|temp)'
      AND c.oid NOT IN (SELECT oid FROM chosen)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                        AND d.objid = c.oid AND d.deptype = 'e')
)
SELECT 1 AS step,
       pg_catalog.format(CASE WHEN c.relispartition THEN 'ALTER TABLE %s DETACH PARTITION %I.%I'
                              ELSE 'ALTER TABLE %2$I.%3$I NO INHERIT %1$s' END,
                         o.name, n.nspname, c.relname) AS statement
FROM pg_catalog.pg_inherits i
JOIN other o ON o.oid = i.inhparent AND o.kind IN ('r', 'p', 'f')
JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.oid IN (SELECT oid FROM chosen)
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
UNION ALL
SELECT CASE kind WHEN 'S' THEN 3 ELSE 2 END,
       pg_catalog.format(CASE kind WHEN 'v' THEN 'DROP VIEW IF EXISTS %s CASCADE'
                                   WHEN 'm' THEN 'DROP MATERIALIZED VIEW IF EXISTS %s CASCADE'
                                   WHEN 'f' THEN 'DROP FOREIGN TABLE IF EXISTS %s CASCADE'
                                   WHEN 'S' THEN 'DROP SEQUENCE IF EXISTS %s'
                                   ELSE 'DROP TABLE IF EXISTS %s CASCADE' END, name)
FROM other
ORDER BY step;
