-- What is there at all, on this server and in this database, so that nothing more is asked of what is not?
-- Costs: a look into a few catalogues, in most until the first row that fits. Needs: no right.
-- Of a large database some of it is not asked: to look for what may not be there would cost more than is saved where it
-- is not. What came with the server has an oid below 16384.
SELECT pg_catalog.pg_is_in_recovery()
           OR EXISTS (SELECT FROM pg_catalog.pg_stat_get_wal_senders())
           OR EXISTS (SELECT FROM pg_catalog.pg_subscription) AS has_replication,
       EXISTS (SELECT FROM pg_catalog.pg_get_replication_slots()) AS has_slots,
       EXISTS (SELECT FROM pg_catalog.pg_publication) AS has_publications,
       EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgenabled IN ('D', 'R'))
           OR EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_enabled IN ('D', 'R'))
           OR EXISTS (SELECT FROM pg_catalog.pg_event_trigger e WHERE e.evtenabled IN ('D', 'R')) AS has_disabled_triggers,
       EXISTS (SELECT FROM pg_catalog.pg_partitioned_table) AS has_parts,
       EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.contype = 'f') AS has_foreign_keys,
       EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.oid >= 16384 AND p.prosecdef) AS has_definer_functions,
       EXISTS (SELECT FROM pg_catalog.pg_policy) AS has_policies,
       coalesce(class.has_views_or_wide_tables, false) AS has_views_or_wide_tables,
       large.is_large OR coalesce(class.has_large_tables, false) AS has_large_tables,
       large.is_large OR coalesce(class.has_large_indexes, false) AS has_large_indexes,
       large.is_large OR coalesce(class.has_sequential_scans, false) AS has_sequential_scans,
       large.is_large OR coalesce(class.has_options, false) AS has_options,
       large.is_large OR coalesce(class.has_public_grants, false) AS has_public_grants,
       large.is_large OR EXISTS (
           SELECT FROM pg_catalog.pg_constraint k WHERE NOT k.convalidated
           -- since 18: OR NOT k.conenforced
       ) AS has_unproved,
       -- Of one table, and beginning with the same column.
       large.is_large OR EXISTS (
           SELECT FROM pg_catalog.pg_index i WHERE i.indexrelid >= 16384 GROUP BY i.indrelid, i.indkey[0] HAVING count(*) > 1
       ) AS has_alike_indexes,
       large.is_large OR EXISTS (SELECT FROM pg_catalog.pg_stat_get_progress_info('VACUUM')) AS has_vacuums,
       -- Columns that are of one.
       EXISTS (
           SELECT FROM pg_catalog.pg_depend d
           WHERE d.refclassid = 'pg_catalog.pg_type'::regclass AND d.classid = 'pg_catalog.pg_class'::regclass AND d.objid >= 16384
             AND d.refobjid = ANY (ARRAY(SELECT t.oid FROM pg_catalog.pg_type t WHERE t.typtype = 'd'))
       ) AS has_domains
FROM (SELECT c.relpages >= 100 AS is_large FROM pg_catalog.pg_class c WHERE c.oid = 'pg_catalog.pg_class'::regclass) large
CROSS JOIN LATERAL (
    SELECT bool_or(c.oid >= 16384 AND (c.relkind IN ('v', 'm') OR c.relnatts >= 100)) AS has_views_or_wide_tables,
           -- Of 1 MB or more, or of many rows and never measured.
           bool_or(c.relkind IN ('r', 'm', 't') AND c.relpages >= 128
                   OR c.relkind IN ('r', 'm') AND c.relpages = 0 AND pg_catalog.pg_stat_get_tuples_inserted(c.oid) >= 10000)
               AS has_large_tables,
           bool_or(c.relkind = 'i' AND c.relpages >= 128) AS has_large_indexes,
           -- As many as checks look at (tables.sql).
           bool_or(c.oid >= 16384 AND c.relkind IN ('r', 'm') AND pg_catalog.pg_stat_get_numscans(c.oid) >= 50) AS has_sequential_scans,
           bool_or(c.relkind IN ('r', 'm', 't') AND c.reloptions IS NOT NULL) AS has_options,
           -- As rights are written, those of everybody have no name.
           bool_or(c.oid >= 16384 AND c.relacl IS NOT NULL AND c.relacl::text ~ '[{,"]=') AS has_public_grants
    FROM pg_catalog.pg_class c
    WHERE NOT large.is_large OR c.oid >= 16384 AND (c.relkind IN ('v', 'm') OR c.relnatts >= 100)
) class;
