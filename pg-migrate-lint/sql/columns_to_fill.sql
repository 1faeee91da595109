-- The columns of each table that has rows of its own or in partitions, with what a value of theirs has to be: for rows
-- that are put into the tables of a throw-away server. Reads catalogues only; needs no right beyond connecting.
SELECT n.nspname::text AS schema, c.relname::text AS name, a.attname::text AS column,
    pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
    CASE b.typtype WHEN 'e' THEN 'enum' ELSE CASE WHEN b.typcategory = 'A' THEN 'array'
        ELSE pg_catalog.format_type(b.oid, NULL) END END AS base,
    a.attnotnull OR t.typnotnull AS is_required,
    a.atthasdef AS has_default,
    a.attidentity <> '' OR pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval(%' AS is_numbered,
    (SELECT e.enumlabel::text FROM pg_catalog.pg_enum e WHERE e.enumtypid = b.oid ORDER BY e.enumsortorder LIMIT 1) AS label,
    f.nspname::text AS other_schema, f.relname::text AS other_table, f.attname::text AS other_column
FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    JOIN pg_catalog.pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    LEFT JOIN LATERAL (
        SELECT fn.nspname, fc.relname, fa.attname
        FROM pg_catalog.pg_constraint k
            JOIN pg_catalog.pg_class fc ON fc.oid = k.confrelid
            JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace
            JOIN pg_catalog.pg_attribute fa ON fa.attrelid = k.confrelid
                AND fa.attnum = k.confkey[pg_catalog.array_position(k.conkey, a.attnum)]
        WHERE k.conrelid = c.oid AND k.contype = 'f' AND a.attnum = ANY (k.conkey)
        ORDER BY k.oid LIMIT 1
    ) f ON true
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x
        WHERE x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND x.objid = c.oid AND x.deptype = 'e')
ORDER BY c.oid, a.attnum
