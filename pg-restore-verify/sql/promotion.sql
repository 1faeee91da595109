-- What stands in the way of putting another database in the place of $1, and what would happen?
-- Cost: one look at the sessions. Right: none; of roles that are not ours sessions are counted.
SELECT d.datallowconn,
       d.datistemplate AND d.datname IN ('template0', 'template1') AS is_template,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a
        WHERE a.datname = d.datname AND a.pid <> pg_catalog.pg_backend_pid()) AS sessions,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_xacts x
        WHERE x.database = d.datname) AS prepared,
       (SELECT pg_catalog.string_agg(s.subname::pg_catalog.text, ', ' ORDER BY s.subname)
        FROM pg_catalog.pg_subscription s
        WHERE s.subdbid = d.oid AND s.subenabled) AS subscriptions,
       (SELECT pg_catalog.string_agg(s.slot_name::pg_catalog.text, ', ' ORDER BY s.slot_name)
        FROM pg_catalog.pg_replication_slots s
        WHERE s.database = d.datname) AS slots,
       (SELECT t.spcname::pg_catalog.text FROM pg_catalog.pg_tablespace t
        WHERE t.oid = d.dattablespace) AS tablespace
FROM pg_catalog.pg_database d
WHERE d.datname = $1;
