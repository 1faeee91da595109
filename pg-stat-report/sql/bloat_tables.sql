-- Which tables, materialized views and TOAST tables have 1 MB or more, how many rows, and which columns?
-- Costs: one look at pg_class, and at the columns of those. Needs: no right.
-- Pages and rows are as VACUUM or ANALYZE saw them last, together. A table that neither has seen has none; its size is
-- asked for where it has got 10,000 rows or more, and nobody has locked it, or waits to: to ask waits behind them.
-- A column is its number, length and alignment; one that is dropped or not stored has its number alone.
WITH locked AS (
    SELECT l.relation
    FROM pg_catalog.pg_locks l
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
      AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
), large AS (
    SELECT c.*,
           CASE WHEN c.relpages > 0 THEN c.relpages * current_setting('block_size')::bigint
                WHEN NOT EXISTS (SELECT FROM locked WHERE locked.relation = c.oid)
                THEN pg_catalog.pg_relation_size(c.oid) END AS bytes
    FROM pg_catalog.pg_class c
    WHERE c.relkind IN ('r', 'm', 't') AND c.relpersistence <> 't'
      AND c.relam = (SELECT oid FROM pg_catalog.pg_am WHERE amname = 'heap')
      AND (c.relpages >= 128 OR c.relpages = 0 AND c.relkind <> 't' AND pg_catalog.pg_stat_get_tuples_inserted(c.oid) >= 10000)
)
SELECT c.oid,
       quote_ident(n.nspname) || '.' || quote_ident(coalesce(m.relname, c.relname)) AS "table",
       CASE c.relkind WHEN 't' THEN 'toast' WHEN 'm' THEN 'materialized view' ELSE 'table' END AS kind,
       c.bytes,
       current_setting('block_size')::int4 AS block,
       CASE WHEN c.relpages > 0 AND c.reltuples >= 0 THEN c.reltuples::float8 END AS rows,
       coalesce((SELECT o.option_value::int4 FROM pg_catalog.pg_options_to_table(c.reloptions) o
                 WHERE o.option_name = 'fillfactor'), 100) AS fillfactor,
       CASE WHEN c.relkind <> 't' THEN pg_catalog.pg_stat_get_mod_since_analyze(c.oid) END AS changed_rows,
       ARRAY(SELECT concat_ws(' ', a.attnum, CASE WHEN NOT a.attisdropped AND a.attgenerated <> 'v'
                                                  THEN format('%s %s', a.attlen, a.attalign) END)
             FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum) AS columns
FROM large c
LEFT JOIN pg_catalog.pg_class m ON c.relkind = 't' AND m.reltoastrelid = c.oid
JOIN pg_catalog.pg_namespace n ON n.oid = coalesce(m.relnamespace, c.relnamespace)
WHERE c.bytes >= 128 * current_setting('block_size')::bigint
  AND n.nspname <> 'information_schema'
ORDER BY c.bytes DESC, "table";
