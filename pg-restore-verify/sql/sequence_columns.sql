-- Which columns does each sequence feed, by the default nextval(name) or as an identity?
-- A default that makes something else of the number says nothing about the column. A partition whose parent is fed
-- by the same sequence is looked at with it; what is stored elsewhere (foreign tables) is never read.
-- Cost: reads the catalogue once. Right: none.
WITH fed AS (
    SELECT d.refobjid AS sequence, a.adrelid AS attrelid, a.adnum AS attnum
    FROM pg_catalog.pg_attrdef a
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = a.oid
                               AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    WHERE pg_get_expr(a.adbin, a.adrelid) ~ '^\(?nextval\(''([^'']|'''')+''::regclass\)\)?(::[a-z]+)?$'
    UNION
    SELECT d.objid, d.refobjid, d.refobjsubid
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.attidentity <> ''
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
      AND d.deptype = 'i'
)
SELECT sn.nspname::text AS sequence_schema,
       sc.relname::text AS sequence_name,
       s.seqincrement AS increment,
       s.seqmin AS least,
       s.seqmax AS greatest,
       n.nspname::text AS schema,
       c.relname::text AS table_name,
       c.relkind = 'p' AS partitioned,
       c.relpages::pg_catalog.int8 AS pages,
       a.attname::text AS column_name
FROM fed
JOIN pg_catalog.pg_sequence s ON s.seqrelid = fed.sequence
JOIN pg_catalog.pg_class sc ON sc.oid = s.seqrelid
JOIN pg_catalog.pg_namespace sn ON sn.oid = sc.relnamespace
JOIN pg_catalog.pg_class c ON c.oid = fed.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = fed.attrelid AND a.attnum = fed.attnum
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'p')
  AND c.relpersistence <> 't'
  AND coalesce(nullif(t.typbasetype, 0), t.oid) IN ('int2'::pg_catalog.regtype, 'int4'::pg_catalog.regtype,
                                                    'int8'::pg_catalog.regtype, 'numeric'::pg_catalog.regtype)
  -- what goes round begins anew among its old numbers
  AND NOT s.seqcycle
  AND NOT (c.relpersistence = 'u' AND pg_is_in_recovery())
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i
                  JOIN pg_catalog.pg_attribute pa ON pa.attrelid = i.inhparent AND pa.attname = a.attname
                  JOIN fed p ON p.attrelid = i.inhparent AND p.attnum = pa.attnum AND p.sequence = fed.sequence
                  WHERE c.relispartition AND i.inhrelid = c.oid)
  AND NOT EXISTS (SELECT FROM pg_partition_tree(c.oid) l
                  JOIN pg_catalog.pg_class lc ON lc.oid = l.relid
                  WHERE c.relkind = 'p' AND lc.relkind = 'f')
ORDER BY sn.nspname, sc.relname, n.nspname, c.relname, a.attname;
