-- What stands in the way of putting another database in the place of $1, and what would happen?
-- Cost: one look at the sessions. Right: none; of roles that are not ours sessions are counted.
SELECT d.oid,
       d.datallowconn,
       d.datistemplate AND d.datname IN ('template0', 'template1') AS is_template,
       -- DROP DATABASE was cut short in it
       d.datconnlimit = -2 AS is_invalid,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a
        WHERE a.datname = d.datname AND a.pid <> pg_catalog.pg_backend_pid()) AS sessions,
       (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(x.gid), ', ' ORDER BY x.gid)
        FROM pg_catalog.pg_prepared_xacts x
        WHERE x.database = d.datname) AS prepared,
       (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(s.subname), ', ' ORDER BY s.subname)
        FROM pg_catalog.pg_subscription s
        WHERE s.subdbid = d.oid AND s.subenabled) AS subscriptions,
       (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(s.subname), ', ' ORDER BY s.subname)
        FROM pg_catalog.pg_subscription s
        WHERE s.subdbid = d.oid AND NOT s.subenabled) AS disabled_subscriptions,
       -- Those of physical standbys have no database, and go on as they did.
       (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(s.slot_name), ', ' ORDER BY s.slot_name)
        FROM pg_catalog.pg_replication_slots s
        WHERE s.database = d.datname AND NOT s.temporary) AS slots
FROM pg_catalog.pg_database d
WHERE d.datname = $1;
