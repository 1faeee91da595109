-- Does VACUUM get on: dead rows against autovacuum's own threshold, age of each table's oldest row?
-- Costs: one look at pg_class and the counters of each table. Needs: no right; which table is being vacuumed is
-- told to pg_read_all_stats only.
-- A table's age is that of its TOAST table, too, whose dead rows autovacuum judges by options of its own, or by the table's
-- where it has none. Counters are asked for by their functions, a third of the view's cost.
-- A standby counts no dead rows.
-- Lines "with" are left out where the database has no such thing (there.sql).
-- The lines "judged:" are for checks: other tables are well, or too small to matter. pg_class stands for all that are well.
WITH defaults AS (
    SELECT current_setting('autovacuum_vacuum_threshold')::float8 AS threshold,
           current_setting('autovacuum_vacuum_scale_factor')::float8 AS scale,
           coalesce(current_setting('autovacuum_vacuum_max_threshold', true), '-1')::float8 AS most,
           current_setting('autovacuum')::bool AS autovacuum,
           current_setting('autovacuum_analyze_threshold')::float8 AS analyze_threshold,
           current_setting('autovacuum_analyze_scale_factor')::float8 AS analyze_scale
), class AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relnamespace, c.reltuples, c.relpages, c.relfrozenxid, c.relminmxid, c.reltoastrelid, c.reloptions
    FROM pg_catalog.pg_class c
    WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
), toast AS MATERIALIZED (
    SELECT t.oid, t.reltuples, t.relfrozenxid, t.relminmxid, t.reloptions
    FROM pg_catalog.pg_class t
    WHERE t.relkind = 't'
-- with options:
), option AS (
    SELECT c.oid,
           max(o.option_value) FILTER (WHERE o.option_name = 'autovacuum_vacuum_threshold')::float8 AS threshold,
           max(o.option_value) FILTER (WHERE o.option_name = 'autovacuum_vacuum_scale_factor')::float8 AS scale,
           max(o.option_value) FILTER (WHERE o.option_name = 'autovacuum_vacuum_max_threshold')::float8 AS most,
           bool_and(o.option_value::bool) FILTER (WHERE o.option_name = 'autovacuum_enabled') AS is_enabled,
           max(o.option_value) FILTER (WHERE o.option_name = 'autovacuum_analyze_threshold')::float8 AS analyze_threshold,
           max(o.option_value) FILTER (WHERE o.option_name = 'autovacuum_analyze_scale_factor')::float8 AS analyze_scale
    FROM (SELECT class.oid, class.reloptions FROM class UNION ALL SELECT toast.oid, toast.reloptions FROM toast) c
    CROSS JOIN LATERAL pg_catalog.pg_options_to_table(c.reloptions) o
    WHERE c.reloptions IS NOT NULL AND o.option_name LIKE 'autovacuum%'
    GROUP BY c.oid
-- with vacuums:
), running AS (
    -- The function of pg_stat_progress_vacuum, without its view: param1 is the phase (1 scanning heap, 2 vacuuming indexes),
    -- param5 how often the indexes were gone over. One that runs is counted as a pass, and so is what has yet to come where
    -- the heap is still read after one.
    SELECT v.relid, max(v.param5 + (v.param1 = 2 OR v.param1 = 1 AND v.param5 > 0)::int) AS passes
    FROM pg_catalog.pg_stat_get_progress_info('VACUUM') v
    WHERE v.datid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
    GROUP BY v.relid
-- in any case:
), judged AS (
    SELECT c.oid, c.relnamespace, c.relname, c.reltuples, c.relpages, c.relfrozenxid, c.relminmxid, c.reltoastrelid,
           -- with options:
           coalesce(o.is_enabled, true) AND d.autovacuum AS is_enabled,
           o.threshold AS own_threshold, o.scale AS own_scale, o.most AS own_most,
           coalesce(o.threshold, d.threshold) + coalesce(o.scale, d.scale) * greatest(c.reltuples, 0) AS threshold,
           coalesce(o.most, d.most) AS most,
           coalesce(o.analyze_threshold, d.analyze_threshold)
               + coalesce(o.analyze_scale, d.analyze_scale) * greatest(c.reltuples, 0) AS analyze_threshold
           -- in any case:
           -- without options: d.autovacuum AS is_enabled,
           -- without options: d.threshold + d.scale * greatest(c.reltuples, 0) AS threshold,
           -- without options: d.most,
           -- without options: d.analyze_threshold + d.analyze_scale * greatest(c.reltuples, 0) AS analyze_threshold
    FROM class c
    CROSS JOIN defaults d
    LEFT JOIN option o ON o.oid = c.oid -- with options
    -- judged: WHERE (c.oid = 'pg_catalog.pg_class'::regclass
    -- judged:      OR NOT coalesce(o.is_enabled, true) -- with options
    -- judged:      OR c.oid IN (SELECT relid FROM running) OR c.reltoastrelid IN (SELECT relid FROM running) -- with vacuums
    -- judged:      OR c.reltoastrelid IN (SELECT toast.oid FROM toast WHERE toast.reloptions IS NOT NULL
    -- judged:                             OR pg_catalog.pg_stat_get_dead_tuples(toast.oid) >= 1000)
    -- judged:      OR c.relpages * current_setting('block_size')::float8 >= 1e6
    -- judged:      OR pg_catalog.pg_stat_get_dead_tuples(c.oid) >= 1000
    -- judged:      OR pg_catalog.pg_stat_get_mod_since_analyze(c.oid) >= 10000)
), side AS (
    SELECT t.oid, t.relfrozenxid, t.relminmxid, j.oid AS of_table,
           -- with options:
           coalesce(o.is_enabled, true) AS is_enabled,
           coalesce(CASE WHEN t.reloptions IS NULL THEN j.own_threshold ELSE o.threshold END, d.threshold)
               + coalesce(CASE WHEN t.reloptions IS NULL THEN j.own_scale ELSE o.scale END, d.scale) * greatest(t.reltuples, 0) AS threshold,
           coalesce(CASE WHEN t.reloptions IS NULL THEN j.own_most ELSE o.most END, d.most) AS most
           -- in any case:
           -- without options: true AS is_enabled, d.threshold + d.scale * greatest(t.reltuples, 0) AS threshold, d.most
    FROM judged j
    JOIN toast t ON t.oid = j.reltoastrelid
    CROSS JOIN defaults d
    LEFT JOIN option o ON o.oid = t.oid -- with options
)
SELECT current_database()::text AS database,
       j.relnamespace::regnamespace::text || '.' || quote_ident(j.relname) AS "table",
       pg_catalog.pg_stat_get_live_tuples(j.oid) AS live_rows,
       pg_catalog.pg_stat_get_dead_tuples(j.oid) AS dead_rows,
       CASE WHEN j.most >= 0 THEN least(j.threshold, j.most) ELSE j.threshold END AS vacuum_threshold,
       pg_catalog.pg_stat_get_dead_tuples(j.oid)
           / nullif(CASE WHEN j.most >= 0 THEN least(j.threshold, j.most) ELSE j.threshold END, 0) AS dead_ratio,
       j.is_enabled AS is_autovacuum_on,
       pg_catalog.pg_stat_get_dead_tuples(t.oid) AS toast_dead_rows,
       pg_catalog.pg_stat_get_dead_tuples(t.oid)
           / nullif(CASE WHEN t.most >= 0 THEN least(t.threshold, t.most) ELSE t.threshold END, 0) AS toast_dead_ratio,
       coalesce(t.is_enabled, true) AS is_toast_autovacuum_on,
       -- with vacuums:
       CASE WHEN coalesce(p.relid, q.relid) IS NOT NULL THEN true
            WHEN EXISTS (SELECT FROM running WHERE relid IS NULL) THEN NULL ELSE false END AS is_being_vacuumed,
       coalesce(p.passes, q.passes) AS index_passes,
       -- in any case:
       -- without vacuums: false AS is_being_vacuumed, NULL::bigint AS index_passes,
       j.relpages::bigint * current_setting('block_size')::bigint AS heap_bytes,
       pg_catalog.pg_stat_get_last_vacuum_time(j.oid) AS last_vacuum_at,
       pg_catalog.pg_stat_get_last_autovacuum_time(j.oid) AS last_autovacuum_at,
       pg_catalog.pg_stat_get_last_analyze_time(j.oid) AS last_analyze_at,
       pg_catalog.pg_stat_get_last_autoanalyze_time(j.oid) AS last_autoanalyze_at,
       greatest(age(j.relfrozenxid), age(t.relfrozenxid)) AS xid_age,
       greatest(mxid_age(j.relminmxid), mxid_age(t.relminmxid)) AS mxid_age,
       current_setting('track_counts')::bool AND NOT pg_catalog.pg_is_in_recovery() AS is_counted,
       pg_catalog.pg_stat_get_mod_since_analyze(j.oid) AS changed_rows,
       pg_catalog.pg_stat_get_mod_since_analyze(j.oid) / nullif(j.analyze_threshold, 0) AS changed_ratio
FROM judged j
LEFT JOIN side t ON t.of_table = j.oid
LEFT JOIN running p ON p.relid = j.oid -- with vacuums
LEFT JOIN running q ON q.relid = j.reltoastrelid -- with vacuums
ORDER BY dead_ratio DESC NULLS LAST, xid_age DESC, "table";
