-- How are the subscriptions: enabled, at work, and what went wrong?
-- Costs: one look at a few rows. Needs: no right; pg_read_all_stats to see who works for them.
-- What went wrong is counted since 15, conflicts since 18.
SELECT s.subname::text AS subscription,
       d.datname::text AS database,
       s.subenabled AS is_enabled,
       NULL::bigint AS apply_errors, -- before 15
       -- since 15: e.apply_error_count AS apply_errors,
       NULL::bigint AS sync_errors, -- before 15
       -- since 15: e.sync_error_count AS sync_errors,
       NULL::bigint AS conflicts, -- before 18
       -- since 18: e.confl_insert_exists + e.confl_update_origin_differs + e.confl_update_exists + e.confl_update_missing
       -- since 18:     + e.confl_delete_origin_differs + e.confl_delete_missing + e.confl_multiple_unique_conflicts AS conflicts,
       NULL::timestamptz AS counted_since -- before 15
       -- since 15: e.stats_reset AS counted_since
FROM pg_catalog.pg_subscription s
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
-- since 15: LEFT JOIN pg_catalog.pg_stat_subscription_stats e ON e.subid = s.oid
ORDER BY database, subscription;
