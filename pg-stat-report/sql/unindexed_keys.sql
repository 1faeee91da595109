-- What are these foreign keys without an index on their side?
-- Costs: a look at the tables and indexes of each. Needs: no right. One that is gone meanwhile is not there.
-- A partitioned table is as large as those of its parts whose own indexes do not serve the key. An index on some columns, or
-- of another kind, may find the rows or not (helper).
-- Lines "with" are left out where the database has no such thing (there.sql).
WITH RECURSIVE unserved AS MATERIALIZED (
    SELECT k.oid, k.conname, k.conrelid, k.confrelid, k.conkey
    FROM pg_catalog.pg_constraint k
    WHERE k.oid = ANY ({keys}::oid[])
), relation AS (
    SELECT c.oid, c.relname, c.relnamespace, c.relkind,
           coalesce(w.pages, greatest(c.relpages, 0)) * current_setting('block_size')::bigint AS bytes, -- with parts
           -- without parts: greatest(c.relpages, 0) * current_setting('block_size')::bigint AS bytes,
           w.writes AS of_parts -- with parts
           -- without parts: NULL::bigint AS of_parts
    FROM pg_catalog.pg_class c
    LEFT JOIN whole w ON w.oid = c.oid -- with parts
    WHERE c.relkind IN ('r', 'p')
      AND c.oid = ANY (ARRAY(SELECT unnest(ARRAY[unserved.conrelid, unserved.confrelid]) FROM unserved))
-- with parts:
), tree (root, oid) AS (
    SELECT p.partrelid, p.partrelid FROM pg_catalog.pg_partitioned_table p
    UNION ALL
    SELECT t.root, h.inhrelid FROM tree t JOIN pg_catalog.pg_inherits h ON h.inhparent = t.oid
), whole AS (
    SELECT t.root AS oid, sum(greatest(c.relpages, 0))::bigint AS pages,
           sum(pg_catalog.pg_stat_get_tuples_updated(c.oid) + pg_catalog.pg_stat_get_tuples_deleted(c.oid))::bigint AS writes
    FROM tree t
    JOIN pg_catalog.pg_class c ON c.oid = t.oid AND c.relkind = 'r'
    GROUP BY t.root
), unserved_part AS (
    -- The columns of a part may have other numbers than those of the same name above it.
    SELECT k.oid, sum(greatest(c.relpages, 0))::bigint * current_setting('block_size')::bigint AS bytes
    FROM unserved k
    JOIN tree t ON t.root = k.conrelid
    JOIN pg_catalog.pg_class c ON c.oid = t.oid AND c.relkind = 'r'
    CROSS JOIN LATERAL (
        SELECT array_agg(own.attnum) AS columns
        FROM pg_catalog.pg_attribute whole
        JOIN pg_catalog.pg_attribute own ON own.attname = whole.attname AND own.attrelid = c.oid
        WHERE whole.attrelid = k.conrelid AND whole.attnum = ANY (k.conkey)
    ) key
    WHERE NOT EXISTS (
        SELECT FROM pg_catalog.pg_index i
        WHERE i.indrelid = c.oid AND i.indisvalid AND i.indisready AND i.indpred IS NULL
          AND i.indnkeyatts >= cardinality(key.columns)
          AND (i.indkey::int2[])[0:cardinality(key.columns) - 1] @> key.columns
          AND (SELECT am.amname FROM pg_catalog.pg_am am
               WHERE am.oid = (SELECT x.relam FROM pg_catalog.pg_class x WHERE x.oid = i.indexrelid)) = 'btree')
    GROUP BY k.oid
-- in any case:
)
SELECT current_database()::text AS database,
       'unindexed_foreign_key' AS kind,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS "table",
       k.conname::text AS name,
       (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY key.place)
        FROM unnest(k.conkey) WITH ORDINALITY key(number, place)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = key.number) AS columns,
       quote_ident(m.nspname) || '.' || quote_ident(r.relname) AS referenced,
       CASE WHEN c.of_parts IS NULL THEN c.bytes ELSE coalesce(u.bytes, 0) END AS bytes, -- with parts
       -- without parts: c.bytes,
       coalesce(r.of_parts, pg_catalog.pg_stat_get_tuples_updated(r.oid) + pg_catalog.pg_stat_get_tuples_deleted(r.oid)) AS writes,
       c.relkind = 'p' AS is_partitioned,
       pg_catalog.pg_get_constraintdef(k.oid) AS definition,
       (SELECT quote_ident(x.relname)
        FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        JOIN pg_catalog.pg_am am ON am.oid = x.relam
        WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indisready AND i.indpred IS NULL
          AND am.amname IN ('btree', 'hash', 'brin', 'gist', 'gin')
          AND ((i.indcollation::oid[])[0] = 0
               OR (i.indcollation::oid[])[0] = (SELECT a.attcollation FROM pg_catalog.pg_attribute a
                                                WHERE a.attrelid = i.indrelid AND a.attnum = (i.indkey::int2[])[0]))
          -- Of a GIN or BRIN each column serves by itself.
          AND ((i.indkey::int2[])[0] = ANY (k.conkey)
               OR am.amname IN ('brin', 'gin') AND (i.indkey::int2[])[0:i.indnkeyatts - 1] && k.conkey)
        ORDER BY x.relname
        LIMIT 1) AS helper,
       NULL::text AS publications
FROM unserved k
JOIN relation c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN relation r ON r.oid = k.confrelid
JOIN pg_catalog.pg_namespace m ON m.oid = r.relnamespace
LEFT JOIN unserved_part u ON u.oid = k.oid -- with parts
WHERE c.of_parts IS NULL OR u.oid IS NOT NULL -- with parts
ORDER BY bytes DESC NULLS LAST, "table", name;
