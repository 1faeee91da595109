-- How large is each table, with its indexes and TOAST apart, and how is it read and written?
-- Costs: a look at the size of each file of the 500 largest; counters of all. Needs: no right.
-- Sizes of others, and of those that somebody has locked whole, or waits to, are as VACUUM or ANALYZE saw them last, and say
-- so: to ask for a size waits behind such a lock, and behind who waits for it.
-- Lines "with" are left out where the database has no such thing (there.sql).
-- The lines "judged:" are for checks, which look at tables with 50 sequential scans or more.
WITH RECURSIVE locked AS (
    SELECT coalesce((SELECT i.indrelid FROM pg_catalog.pg_index i WHERE i.indexrelid = l.relation), l.relation) AS relation
    FROM pg_catalog.pg_locks l
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
      AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
-- with parts:
), tree (root, oid) AS (
    SELECT p.partrelid, p.partrelid FROM pg_catalog.pg_partitioned_table p
    WHERE p.partrelid NOT IN (SELECT h.inhrelid FROM pg_catalog.pg_inherits h)
    UNION ALL
    SELECT t.root, h.inhrelid FROM tree t JOIN pg_catalog.pg_inherits h ON h.inhparent = t.oid
), whole AS (
    SELECT t.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name
    FROM tree t
    JOIN pg_catalog.pg_class c ON c.oid = t.root
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
-- in any case:
), candidate AS (
    SELECT c.oid, c.relfilenode, n.nspname, c.relname, c.relkind, c.reltuples, c.relpages, c.reltoastrelid, c.relpersistence
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND c.relpersistence <> 't'
    -- judged: AND pg_catalog.pg_stat_get_numscans(c.oid) >= 50
), own AS (
    SELECT i.indrelid, sum(x.relpages)::bigint AS pages,
           sum(pg_catalog.pg_stat_get_numscans(i.indexrelid)) FILTER (WHERE x.relnamespace <> 'pg_toast'::regnamespace)::bigint AS scans
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid AND x.relkind = 'i'
    -- judged: WHERE i.indrelid = ANY (ARRAY(SELECT unnest(ARRAY[candidate.oid, candidate.reltoastrelid]) FROM candidate))
    GROUP BY i.indrelid
), ranked AS (
    SELECT c.*,
           coalesce(own.pages, 0) AS index_pages,
           coalesce(own.scans, 0) AS index_scans,
           coalesce(t.relpages, 0)::bigint + coalesce(toast_own.pages, 0) AS toast_pages,
           c.oid IN (SELECT relation FROM locked) OR c.reltoastrelid IN (SELECT relation FROM locked) AS is_locked,
           row_number() OVER (ORDER BY c.relpages + coalesce(t.relpages, 0) + coalesce(own.pages, 0) DESC, c.oid DESC) AS place
    FROM candidate c
    LEFT JOIN pg_catalog.pg_class t ON t.oid = c.reltoastrelid AND t.relkind = 't'
    LEFT JOIN own ON own.indrelid = c.oid
    LEFT JOIN own toast_own ON toast_own.indrelid = t.oid
), sized AS MATERIALIZED (
    SELECT r.*,
           CASE WHEN NOT r.is_locked AND r.place <= 500 THEN
               pg_catalog.pg_relation_size(r.oid) + pg_catalog.pg_relation_size(r.oid, 'fsm')
               + pg_catalog.pg_relation_size(r.oid, 'vm') + pg_catalog.pg_relation_size(r.oid, 'init') END AS heap,
           CASE WHEN NOT r.is_locked AND r.place <= 500 THEN pg_catalog.pg_indexes_size(r.oid) END AS indexes,
           CASE WHEN r.reltoastrelid = 0 THEN 0
                WHEN NOT r.is_locked AND r.place <= 500 THEN pg_catalog.pg_total_relation_size(r.reltoastrelid) END AS toast
    FROM ranked r
), page AS (
    SELECT current_setting('block_size')::bigint AS size
)
SELECT current_database()::text AS database,
       quote_ident(s.nspname) || '.' || quote_ident(s.relname) AS "table",
       CASE WHEN s.relkind = 'm' THEN 'materialized view' WHEN s.relpersistence = 'u' THEN 'unlogged table'
            ELSE 'table' END AS kind,
       w.name AS partition_of, -- with parts
       -- without parts: NULL::text AS partition_of,
       s.oid,
       s.relfilenode AS file,
       CASE WHEN s.reltuples >= 0 THEN s.reltuples::bigint END AS rows_estimate,
       coalesce(s.heap + s.indexes + s.toast, (s.relpages + s.index_pages + s.toast_pages) * page.size) AS bytes,
       coalesce(s.heap, s.relpages * page.size) AS heap_bytes,
       coalesce(s.indexes, s.index_pages * page.size) AS index_bytes,
       coalesce(s.toast, s.toast_pages * page.size) AS toast_bytes,
       s.heap IS NOT NULL AS is_exact,
       pg_catalog.pg_stat_get_numscans(s.oid) AS sequential_scans,
       pg_catalog.pg_stat_get_tuples_returned(s.oid) AS sequential_rows_read,
       s.index_scans,
       pg_catalog.pg_stat_get_tuples_inserted(s.oid) AS rows_inserted,
       pg_catalog.pg_stat_get_tuples_updated(s.oid) AS rows_updated,
       pg_catalog.pg_stat_get_tuples_hot_updated(s.oid) AS rows_updated_in_page,
       pg_catalog.pg_stat_get_tuples_deleted(s.oid) AS rows_deleted,
       pg_catalog.pg_stat_get_live_tuples(s.oid) AS live_rows,
       pg_catalog.pg_stat_get_dead_tuples(s.oid) AS dead_rows,
       pg_catalog.pg_stat_get_blocks_fetched(s.oid) - pg_catalog.pg_stat_get_blocks_hit(s.oid) AS heap_blocks_read,
       pg_catalog.pg_stat_get_blocks_hit(s.oid) AS heap_blocks_hit
FROM sized s CROSS JOIN page
LEFT JOIN whole w ON w.oid = s.oid -- with parts
ORDER BY bytes DESC, "table";
