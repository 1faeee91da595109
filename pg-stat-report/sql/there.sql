-- What is there at all, on this server and in this database, so that nothing more is asked of what is not?
-- Costs: a look into a few catalogues, in each until the first row that fits. Needs: no right.
SELECT pg_catalog.pg_is_in_recovery()
           OR EXISTS (SELECT FROM pg_catalog.pg_stat_get_wal_senders())
           OR EXISTS (SELECT FROM pg_catalog.pg_subscription) AS has_replication,
       EXISTS (SELECT FROM pg_catalog.pg_get_replication_slots()) AS has_slots,
       EXISTS (SELECT FROM pg_catalog.pg_publication) AS has_publications,
       EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgenabled IN ('D', 'R'))
           OR EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_enabled IN ('D', 'R'))
           OR EXISTS (SELECT FROM pg_catalog.pg_event_trigger e WHERE e.evtenabled IN ('D', 'R')) AS has_disabled_triggers,
       -- What came with the server has a smaller oid.
       EXISTS (SELECT FROM pg_catalog.pg_class c
               WHERE c.oid >= 16384 AND (c.relkind IN ('v', 'm') OR c.relnatts >= 100)) AS has_views_or_wide_tables;
