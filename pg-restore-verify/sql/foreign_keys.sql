-- Which foreign keys are there, and by which operator does each of their columns find its counterpart?
-- A key of a partitioned table is one, not one for each partition.
-- Cost: reads the catalogue once. Right: none.
SELECT con.oid AS key,
       con.conname::text AS name,
       fn.nspname::text AS schema,
       fc.relname::text AS table_name,
       fc.relkind = 'p' AS partitioned,
       pn.nspname::text AS referenced_schema,
       pc.relname::text AS referenced_table,
       pc.relkind = 'p' AS referenced_partitioned,
       con.convalidated AS validated,
       con.confmatchtype = 'f' AS match_full,
       -- conenforced and conperiod exist from 18 on
       coalesce((j.con ->> 'conenforced')::pg_catalog.bool, true) AS enforced,
       coalesce((j.con ->> 'conperiod')::pg_catalog.bool, false) AS is_temporal,
       (fc.relpages + pc.relpages)::pg_catalog.int8 AS pages,
       fa.attname::text AS column_name,
       pa.attname::text AS referenced_column,
       format('OPERATOR(%I.%s)', opn.nspname, op.oprname) AS operator,
       -- as the server's own check does: to what the operator takes, where that is one type
       CASE WHEN op.oprleft <> pa.atttypid AND lt.typtype <> 'p'
            THEN format('::%I.%I', ltn.nspname, lt.typname) ELSE '' END AS referenced_cast,
       CASE WHEN op.oprright <> fa.atttypid AND rt.typtype <> 'p'
            THEN format('::%I.%I', rtn.nspname, rt.typname) ELSE '' END AS column_cast,
       CASE WHEN pa.attcollation <> fa.attcollation AND coll.oid IS NOT NULL
            THEN format(' COLLATE %I.%I', colln.nspname, coll.collname) ELSE '' END AS collation
FROM pg_catalog.pg_constraint con
CROSS JOIN LATERAL (SELECT to_jsonb(con)) j (con)
CROSS JOIN LATERAL ROWS FROM (unnest(con.conkey), unnest(con.confkey), unnest(con.conpfeqop))
     WITH ORDINALITY k (attribute, referenced, operator, place)
JOIN pg_catalog.pg_class fc ON fc.oid = con.conrelid
JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace
JOIN pg_catalog.pg_attribute fa ON fa.attrelid = fc.oid AND fa.attnum = k.attribute
JOIN pg_catalog.pg_class pc ON pc.oid = con.confrelid
JOIN pg_catalog.pg_namespace pn ON pn.oid = pc.relnamespace
JOIN pg_catalog.pg_attribute pa ON pa.attrelid = pc.oid AND pa.attnum = k.referenced
JOIN pg_catalog.pg_operator op ON op.oid = k.operator
JOIN pg_catalog.pg_namespace opn ON opn.oid = op.oprnamespace
JOIN pg_catalog.pg_type lt ON lt.oid = op.oprleft
JOIN pg_catalog.pg_namespace ltn ON ltn.oid = lt.typnamespace
JOIN pg_catalog.pg_type rt ON rt.oid = op.oprright
JOIN pg_catalog.pg_namespace rtn ON rtn.oid = rt.typnamespace
LEFT JOIN pg_catalog.pg_collation coll ON coll.oid = pa.attcollation
LEFT JOIN pg_catalog.pg_namespace colln ON colln.oid = coll.collnamespace
WHERE con.contype = 'f'
  AND con.conparentid = 0
  AND fc.relpersistence <> 't'
ORDER BY fn.nspname, fc.relname, con.conname, con.oid, k.place;
