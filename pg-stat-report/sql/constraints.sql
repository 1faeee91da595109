-- Which tables have no primary key, which constraints were never proved, which foreign keys have no index on their side?
-- Costs: one look at the constraints and indexes. Needs: no right.
-- What has an oid below 16384 came with the server. Of partitions the root is told. An index serves a foreign key if its first columns are those of the key, in any order,
-- and it has all rows that are not null there; one on some of them, or of another kind, may find the rows or not (helper).
-- A partitioned table is as large as its parts; to a foreign key as those of them whose own indexes do not serve it. The definition of a CHECK
-- on a table that somebody has locked whole, or is about to, is left out: to ask for it waits behind that lock.
WITH RECURSIVE tree (root, oid) AS (
    SELECT p.partrelid, p.partrelid FROM pg_catalog.pg_partitioned_table p
    UNION ALL
    SELECT t.root, h.inhrelid FROM tree t JOIN pg_catalog.pg_inherits h ON h.inhparent = t.oid
), whole AS (
    SELECT t.root AS oid, sum(greatest(c.relpages, 0))::bigint AS pages,
           sum(pg_catalog.pg_stat_get_tuples_updated(c.oid) + pg_catalog.pg_stat_get_tuples_deleted(c.oid))::bigint AS writes
    FROM tree t
    JOIN pg_catalog.pg_class c ON c.oid = t.oid AND c.relkind = 'r'
    GROUP BY t.root
), relation AS (
    SELECT c.oid, c.relname, c.relnamespace, c.relkind, c.relispartition, c.relpersistence, c.relreplident,
           coalesce(w.pages, greatest(c.relpages, 0)) * current_setting('block_size')::bigint AS bytes,
           w.writes AS of_parts
    FROM pg_catalog.pg_class c
    LEFT JOIN whole w ON w.oid = c.oid
    WHERE c.relkind IN ('r', 'p') AND c.oid >= 16384
), locked AS (
    SELECT l.relation
    FROM pg_catalog.pg_locks l
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
      AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
), served AS (
    SELECT k.oid
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_index i ON i.indrelid = k.conrelid
    WHERE k.contype = 'f' AND k.conparentid = 0
      AND i.indisvalid AND i.indisready
      AND i.indnkeyatts >= cardinality(k.conkey)
      AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
      -- Rows are sought by the columns' own collation: an index of another one does not find them.
      AND NOT EXISTS (SELECT FROM unnest((i.indkey::int2[])[0:cardinality(k.conkey) - 1],
                                         (i.indcollation::oid[])[0:cardinality(k.conkey) - 1]) AS x(number, collation_)
                      JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = x.number
                      WHERE x.collation_ <> a.attcollation)
      AND (i.indpred IS NULL
           -- (a IS NOT NULL), as it is stored.
           OR cardinality(k.conkey) = 1 AND i.indpred::text ~ ('^{NULLTEST :arg {VAR :varno 1 :varattno '
              || k.conkey[1] || ' [^{}]*} :nulltesttype 1 :argisrow false :location -?[0-9]+}$'))
      -- Asked of those alone that fit otherwise.
      AND (SELECT (SELECT am.amname FROM pg_catalog.pg_am am WHERE am.oid = x.relam)
           FROM pg_catalog.pg_class x WHERE x.oid = i.indexrelid)
          = ANY (CASE WHEN cardinality(k.conkey) = 1 THEN '{btree,hash}' ELSE '{btree}' END::name[])
), unserved AS MATERIALIZED (
    SELECT k.oid, k.conname, k.conrelid, k.confrelid, k.conkey
    FROM pg_catalog.pg_constraint k
    WHERE k.contype = 'f' AND k.conparentid = 0 AND k.oid NOT IN (SELECT served.oid FROM served)
      -- since 18: AND k.conenforced
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
)
SELECT current_database()::text AS database, f.kind, f."table", f.name, f.columns, f.referenced, f.bytes, f.writes, f.is_partitioned, f.definition,
       f.helper, NULL::text AS publications
FROM (
    SELECT 'no_primary_key' AS kind,
           quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS "table",
           NULL::text AS name, NULL::text AS columns, NULL::text AS referenced,
           c.bytes,
           coalesce(c.of_parts, pg_catalog.pg_stat_get_tuples_updated(c.oid) + pg_catalog.pg_stat_get_tuples_deleted(c.oid)) AS writes,
           c.relkind = 'p' AS is_partitioned,
           NULL::text AS definition, NULL::text AS helper
    FROM relation c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    -- By all its columns a row is named, too, where it is replicated.
    WHERE NOT c.relispartition AND c.relpersistence <> 't' AND c.relreplident <> 'f'
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
           NULL, NULL, c.bytes, NULL, c.relkind = 'p',
           CASE WHEN k.contype <> 'c' OR c.oid NOT IN (SELECT relation FROM locked) THEN pg_catalog.pg_get_constraintdef(k.oid) END,
           NULL
    FROM pg_catalog.pg_constraint k
    JOIN relation c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    -- What a parent has handed down is proved with it.
    WHERE NOT k.convalidated AND k.conparentid = 0 AND k.conislocal
      -- since 18: AND k.conenforced
    -- since 18: UNION ALL
    -- since 18: SELECT 'not_enforced', quote_ident(n.nspname) || '.' || quote_ident(c.relname), k.conname::text,
    -- since 18:        NULL, NULL, c.bytes, NULL, c.relkind = 'p', NULL, NULL
    -- since 18: FROM pg_catalog.pg_constraint k
    -- since 18: JOIN relation c ON c.oid = k.conrelid
    -- since 18: JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    -- since 18: WHERE NOT k.conenforced AND k.conparentid = 0 AND k.conislocal
    UNION ALL
    SELECT 'not_validated', quote_ident(n.nspname) || '.' || quote_ident(t.typname), k.conname::text,
           NULL, 'domain', 0, NULL, false, NULL, NULL
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_type t ON t.oid = k.contypid
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE NOT k.convalidated AND k.contypid <> 0
    UNION ALL
    SELECT 'unindexed_foreign_key', quote_ident(n.nspname) || '.' || quote_ident(c.relname), k.conname::text,
           (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY key.place)
            FROM unnest(k.conkey) WITH ORDINALITY key(number, place)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = key.number),
           quote_ident(m.nspname) || '.' || quote_ident(r.relname),
           CASE WHEN c.of_parts IS NULL THEN c.bytes ELSE coalesce(u.bytes, 0) END,
           coalesce(r.of_parts, pg_catalog.pg_stat_get_tuples_updated(r.oid) + pg_catalog.pg_stat_get_tuples_deleted(r.oid)),
           c.relkind = 'p',
           pg_catalog.pg_get_constraintdef(k.oid),
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
            LIMIT 1)
    FROM unserved k
    JOIN relation c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN relation r ON r.oid = k.confrelid
    JOIN pg_catalog.pg_namespace m ON m.oid = r.relnamespace
    LEFT JOIN unserved_part u ON u.oid = k.oid
    WHERE c.of_parts IS NULL OR u.oid IS NOT NULL
) f
ORDER BY f.kind, f.bytes DESC NULLS LAST, f."table", f.name;
