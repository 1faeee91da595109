-- Which tables have no primary key, which constraints were never proved, which foreign keys have no index on their side?
-- Costs: one look at the constraints and indexes. Needs: no right.
-- Of partitions the root is told. An index serves a foreign key if its first columns are those of the key, in any order,
-- and it has all rows that are not null there.
SELECT current_database()::text AS database, f.kind, f."table", f.name, f.columns, f.referenced, f.bytes, f.writes, f.is_partitioned, f.definition
FROM (
    SELECT 'no_primary_key' AS kind,
           quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS "table",
           NULL::text AS name, NULL::text AS columns, NULL::text AS referenced,
           c.relpages::bigint * current_setting('block_size')::bigint AS bytes,
           pg_catalog.pg_stat_get_tuples_updated(c.oid) + pg_catalog.pg_stat_get_tuples_deleted(c.oid) AS writes,
           c.relkind = 'p' AS is_partitioned,
           NULL::text AS definition
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass
                      AND d.objid = c.oid AND d.deptype = 'e')
      AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_index i
          WHERE i.indrelid = c.oid AND i.indisunique AND i.indimmediate AND i.indisvalid
            AND i.indpred IS NULL AND i.indexprs IS NULL
            AND (i.indisprimary OR NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                            WHERE a.attrelid = c.oid AND NOT a.attnotnull
                              AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))))
    UNION ALL
    SELECT 'not_validated', quote_ident(n.nspname) || '.' || quote_ident(c.relname), k.conname::text,
           NULL, NULL, c.relpages::bigint * current_setting('block_size')::bigint, NULL, c.relkind = 'p',
           pg_catalog.pg_get_constraintdef(k.oid)
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT k.convalidated AND k.conparentid = 0
      AND k.conenforced
    UNION ALL
    SELECT 'unindexed_foreign_key', quote_ident(n.nspname) || '.' || quote_ident(c.relname), k.conname::text,
           (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY key.place)
            FROM unnest(k.conkey) WITH ORDINALITY key(number, place)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = key.number),
           quote_ident(m.nspname) || '.' || quote_ident(r.relname),
           c.relpages::bigint * current_setting('block_size')::bigint,
           pg_catalog.pg_stat_get_tuples_updated(r.oid) + pg_catalog.pg_stat_get_tuples_deleted(r.oid),
           c.relkind = 'p',
           pg_catalog.pg_get_constraintdef(k.oid)
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_class r ON r.oid = k.confrelid AND r.relkind IN ('r', 'p')
    JOIN pg_catalog.pg_namespace m ON m.oid = r.relnamespace
    WHERE k.contype = 'f' AND k.conparentid = 0
      AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_index i
          WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indisready
            AND i.indnkeyatts >= cardinality(k.conkey)
            AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
            AND (i.indpred IS NULL
                 OR cardinality(k.conkey) = 1 AND pg_catalog.pg_get_expr(i.indpred, i.indrelid)
                    = '(' || quote_ident((SELECT a.attname FROM pg_catalog.pg_attribute a
                                          WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1])) || ' IS NOT NULL)')
            -- Asked of those alone that fit otherwise.
            AND (SELECT (SELECT am.amname FROM pg_catalog.pg_am am WHERE am.oid = x.relam)
                 FROM pg_catalog.pg_class x WHERE x.oid = i.indexrelid)
                = ANY (CASE WHEN cardinality(k.conkey) = 1 THEN '{btree,hash}' ELSE '{btree}' END::name[]))
) f
ORDER BY f.kind, f.bytes DESC NULLS LAST, f."table", f.name;
