-- Which views stand on other views, in how many layers, and which tables have 100 columns or more?
-- Costs: one look at pg_class, at the rules of views and at what these name. Needs: no right.
-- A materialized view has its rows itself: what stands on it begins anew. Dropped columns count, as the server counts them
-- towards the 1600 that a table can have. Of partitions the root is told; nothing is told of extensions. Views that were made
-- to stand on themselves are left after 32 layers.
WITH RECURSIVE own AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relnamespace, c.relkind, c.relnatts
    FROM pg_catalog.pg_class c
    WHERE (c.relkind IN ('v', 'm') OR c.relkind IN ('r', 'p', 'f') AND c.relnatts >= 100 AND NOT c.relispartition)
      AND c.relpersistence <> 't' AND c.oid >= 16384
), stands AS MATERIALIZED (
    SELECT DISTINCT r.ev_class AS oid, base.oid AS base
    FROM pg_catalog.pg_rewrite r
    JOIN own ON own.oid = r.ev_class
    JOIN pg_catalog.pg_depend d ON d.objid = r.oid
    JOIN own base ON base.oid = d.refobjid AND base.oid <> own.oid
    WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
      AND base.relkind = 'v'
), deep (oid, base, layers) AS (
    SELECT s.oid, s.base, 2 FROM stands s
    UNION
    SELECT s.oid, s.base, d.layers + 1 FROM deep d JOIN stands s ON s.base = d.oid WHERE d.layers < 32
), told AS (
    SELECT 'nested_view' AS kind, own.oid, own.relname, own.relnamespace, own.relkind,
           deepest.layers AS number, NULL::int AS dropped, deepest.base
    FROM own
    JOIN (SELECT DISTINCT ON (d.oid) d.oid, d.base, d.layers FROM deep d ORDER BY d.oid, d.layers DESC, d.base) deepest
        ON deepest.oid = own.oid
    UNION ALL
    SELECT 'wide_table', own.oid, own.relname, own.relnamespace, own.relkind, own.relnatts,
           (SELECT count(*) FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = own.oid AND a.attnum > 0 AND a.attisdropped)::int,
           NULL
    FROM own
    WHERE own.relkind IN ('r', 'p', 'f')
)
SELECT current_database()::text AS database,
       t.kind,
       quote_ident(n.nspname) || '.' || quote_ident(t.relname) AS relation,
       CASE t.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'table' END AS type,
       t.number::int AS number,
       t.dropped,
       (SELECT quote_ident(m.nspname) || '.' || quote_ident(b.relname)
        FROM own b JOIN pg_catalog.pg_namespace m ON m.oid = b.relnamespace WHERE b.oid = t.base) AS stands_on
FROM told t
JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass
                  AND d.objid = t.oid AND d.deptype = 'e')
ORDER BY t.kind, t.number DESC, relation;
