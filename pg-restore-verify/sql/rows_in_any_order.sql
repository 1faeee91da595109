-- May a table's rows come on several connections at once, in any order? Only where nothing looks at
-- other rows when one is added: no index, trigger or rule, and no constraint that calls a function, be it that
-- of a domain within arrays, composite types and ranges. (Of multiranges 13 knows nothing: they are not asked.)
-- Cost: one look at the catalogue. Right: none.
WITH RECURSIVE held AS (
    SELECT t.atttypid AS oid
    FROM pg_catalog.pg_attribute t
    WHERE t.attrelid = $1::pg_catalog.regclass
      AND t.attnum > 0
      AND NOT t.attisdropped
    UNION
    SELECT part.oid
    FROM held h
    JOIN pg_catalog.pg_type y ON y.oid = h.oid
    CROSS JOIN LATERAL (
        SELECT y.typelem
        WHERE y.typelem <> 0
        UNION ALL
        SELECT a.atttypid
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = y.typrelid
          AND y.typrelid <> 0
          AND a.attnum > 0
          AND NOT a.attisdropped
        UNION ALL
        SELECT r.rngsubtype
        FROM pg_catalog.pg_range r
        WHERE r.rngtypid = y.oid) part (oid)
)
SELECT
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_am a ON a.oid = c.relam
WHERE c.oid = $1::pg_catalog.regclass
  AND c.relkind = 'r'
  AND a.amname = 'heap'
  AND NOT (c.relhasindex OR c.relhastriggers OR c.relhasrules)
  -- functions of PostgreSQL itself are pinned, without a dependency
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_constraint k
      JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
                                 AND d.objid = k.oid
      WHERE k.conrelid = c.oid
        AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass))
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_attribute t
      WHERE t.attrelid = c.oid
        AND t.attnum > 0
        AND NOT t.attisdropped
        AND t.attgenerated <> '')
  AND NOT EXISTS (
      SELECT FROM held h
      JOIN pg_catalog.pg_type y ON y.oid = h.oid
      WHERE y.typtype IN ('d', 'm'));
