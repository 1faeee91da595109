-- Of which rows may there be only one? Each column of each unique index and each exclusion constraint, in the order of
-- the index, with what makes two values the same and what sorts them.
-- Those of partitioned tables are looked at partition by partition.
-- Cost: reads the catalogue once. Right: none.
SELECT i.indexrelid AS oid,
       n.nspname::text AS schema,
       t.relname::text AS table_name,
       c.relname::text AS name,
       (c.relpages + t.relpages)::pg_catalog.int8 AS pages,
       i.indisexclusion AS excludes,
       -- indnullsnotdistinct exists from 15 on
       coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::pg_catalog.bool, false) AS nulls_are_same,
       pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
       pg_catalog.pg_get_indexdef(i.indexrelid, k.place::pg_catalog.int4, true) AS key,
       -- where it is not the column's own
       CASE WHEN coll.oid IS NOT NULL AND coll.oid <> coalesce(a.attcollation, 100)
            THEN pg_catalog.format(' COLLATE %I.%I', colln.nspname, coll.collname) ELSE '' END AS collation,
       pg_catalog.format('OPERATOR(%I.%s)', en.nspname, eq.oprname) AS same,
       pg_catalog.format('OPERATOR(%I.%s)', ln.nspname, lt.oprname) AS sorts,
       -- what the server brings along has a number below 16384
       EXISTS (SELECT FROM pg_catalog.pg_depend d
               WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                 AND d.objid = i.indexrelid
                 AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                 AND d.refobjid >= 16384) AS runs_own_code
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
JOIN pg_catalog.pg_am am ON am.oid = c.relam
CROSS JOIN LATERAL ROWS FROM (unnest(i.indkey::pg_catalog.int2[]), unnest(i.indclass::pg_catalog.oid[]),
                              unnest(i.indcollation::pg_catalog.oid[]))
     WITH ORDINALITY k (attribute, class, sorted_by, place)
JOIN pg_catalog.pg_opclass o ON o.oid = k.class
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attribute AND k.attribute > 0
LEFT JOIN pg_catalog.pg_collation coll ON coll.oid = k.sorted_by
LEFT JOIN pg_catalog.pg_namespace colln ON colln.oid = coll.collnamespace
LEFT JOIN pg_catalog.pg_constraint con ON con.conindid = i.indexrelid AND con.conrelid = i.indrelid AND con.contype = 'x'
-- a B-tree's first strategy is <, its third =
LEFT JOIN pg_catalog.pg_amop le ON le.amopfamily = o.opcfamily AND le.amopstrategy = 1
                               AND le.amoplefttype = o.opcintype AND le.amoprighttype = o.opcintype
LEFT JOIN pg_catalog.pg_amop ee ON ee.amopfamily = o.opcfamily AND ee.amopstrategy = 3
                               AND ee.amoplefttype = o.opcintype AND ee.amoprighttype = o.opcintype
JOIN pg_catalog.pg_operator eq ON eq.oid = coalesce(con.conexclop[k.place], ee.amopopr)
JOIN pg_catalog.pg_namespace en ON en.oid = eq.oprnamespace
LEFT JOIN pg_catalog.pg_operator lt ON lt.oid = le.amopopr
LEFT JOIN pg_catalog.pg_namespace ln ON ln.oid = lt.oprnamespace
WHERE (i.indisunique AND am.amname = 'btree' OR i.indisexclusion AND con.oid IS NOT NULL)
  AND k.place <= i.indnkeyatts
  AND c.relkind = 'i'
  AND (t.relkind = 'r' OR t.relkind = 'm' AND t.relispopulated)
  AND i.indisvalid AND i.indisready AND i.indislive
  AND i.indexrelid >= 16384
  AND c.relpersistence <> 't'
  AND NOT (c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery())
ORDER BY n.nspname, t.relname, c.relname, i.indexrelid, k.place;
