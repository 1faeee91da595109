-- May a table's rows come on several connections at once, in any order? Only where nothing looks at
-- other rows when one is added: no index, trigger or rule, and no constraint that calls a function.
-- Cost: one look at the catalogue. Right: none.
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
      JOIN pg_catalog.pg_type y ON y.oid = t.atttypid
      WHERE t.attrelid = c.oid
        AND t.attnum > 0
        AND NOT t.attisdropped
        AND (t.attgenerated <> '' OR y.typtype = 'd'));
