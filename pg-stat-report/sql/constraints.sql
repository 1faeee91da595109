-- Which tables have no primary key, which constraints were never proved?
-- Costs: one look at the tables, indexes and constraints. Needs: no right.
-- What has an oid below 16384 came with the server. Of partitions the root is told: a partitioned table is as large as its
-- parts. The definition of a CHECK on a table that somebody has locked whole, or is about to, is left out: to ask for it
-- waits behind that lock.
-- Lines "with" are left out where the database has no such thing (there.sql).
WITH RECURSIVE relation AS (
    SELECT c.oid, c.relname, c.relnamespace, c.relkind, c.relispartition, c.relpersistence, c.relreplident,
           coalesce(w.pages, greatest(c.relpages, 0)) * current_setting('block_size')::bigint AS bytes, -- with parts
           -- without parts: greatest(c.relpages, 0) * current_setting('block_size')::bigint AS bytes,
           w.writes AS of_parts -- with parts
           -- without parts: NULL::bigint AS of_parts
    FROM pg_catalog.pg_class c
    LEFT JOIN whole w ON w.oid = c.oid -- with parts
    WHERE c.relkind IN ('r', 'p') AND c.oid >= 16384
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
-- with unproved:
), locked AS (
    SELECT l.relation
    FROM pg_catalog.pg_locks l
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
      AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
-- in any case:
)
SELECT current_database()::text AS database, f.kind, f."table", f.name, f.columns, f.referenced, f.bytes, f.writes, f.is_partitioned, f.definition,
       NULL::text AS helper, NULL::text AS publications
FROM (
    SELECT 'no_primary_key' AS kind,
           quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS "table",
           NULL::text AS name, NULL::text AS columns, NULL::text AS referenced,
           c.bytes,
           coalesce(c.of_parts, pg_catalog.pg_stat_get_tuples_updated(c.oid) + pg_catalog.pg_stat_get_tuples_deleted(c.oid)) AS writes,
           c.relkind = 'p' AS is_partitioned,
           NULL::text AS definition
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
    -- with unproved:
    UNION ALL
    SELECT 'not_validated', quote_ident(n.nspname) || '.' || quote_ident(c.relname), k.conname::text,
           NULL, NULL, c.bytes, NULL, c.relkind = 'p',
           CASE WHEN k.contype <> 'c' OR c.oid NOT IN (SELECT relation FROM locked) THEN pg_catalog.pg_get_constraintdef(k.oid) END
    FROM pg_catalog.pg_constraint k
    JOIN relation c ON c.oid = k.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    -- What a parent has handed down is proved with it.
    WHERE NOT k.convalidated AND k.conparentid = 0 AND k.conislocal
      -- since 18: AND k.conenforced
    -- since 18: UNION ALL
    -- since 18: SELECT 'not_enforced', quote_ident(n.nspname) || '.' || quote_ident(c.relname), k.conname::text,
    -- since 18:        NULL, NULL, c.bytes, NULL, c.relkind = 'p', NULL
    -- since 18: FROM pg_catalog.pg_constraint k
    -- since 18: JOIN relation c ON c.oid = k.conrelid
    -- since 18: JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    -- since 18: WHERE NOT k.conenforced AND k.conparentid = 0 AND k.conislocal
    UNION ALL
    SELECT 'not_validated', quote_ident(n.nspname) || '.' || quote_ident(t.typname), k.conname::text,
           NULL, 'domain', 0, NULL, false, NULL
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_type t ON t.oid = k.contypid
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE NOT k.convalidated AND k.contypid <> 0
    -- in any case:
) f
ORDER BY f.kind, f.bytes DESC NULLS LAST, f."table", f.name;
