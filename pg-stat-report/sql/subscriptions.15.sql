-- How are the subscriptions: enabled, at work, and what went wrong?
-- Costs: one look at a few rows. Needs: no right; pg_read_all_stats to see who works for them.
-- Conflicts are counted since 18.
SELECT s.subname::text AS subscription,
       d.datname::text AS database,
       s.subenabled AS is_enabled,
       e.apply_error_count AS apply_errors,
       e.sync_error_count AS sync_errors,
       NULL::bigint AS conflicts,
       e.stats_reset AS counted_since
FROM pg_catalog.pg_subscription s
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
LEFT JOIN pg_catalog.pg_stat_subscription_stats e ON e.subid = s.oid
ORDER BY database, subscription;
