-- How are the subscriptions: enabled, at work, and what went wrong?
-- Costs: one look at a few rows. Needs: no right; pg_read_all_stats to see who works for them.
-- What went wrong is counted since 15.
SELECT s.subname::text AS subscription,
       d.datname::text AS database,
       s.subenabled AS is_enabled,
       NULL::bigint AS apply_errors,
       NULL::bigint AS sync_errors,
       NULL::bigint AS conflicts,
       NULL::timestamptz AS counted_since
FROM pg_catalog.pg_subscription s
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
ORDER BY database, subscription;
