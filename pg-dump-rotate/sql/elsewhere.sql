-- What is to be foreseen of a dump of this whole database, where psql asks and not we: how much its
-- tables, their long values and the large objects take; whether it is a standby; the unlogged
-- tables and, for whoever is no superuser, the subscriptions, names apart by a byte 1; the extensions,
-- each followed by its version, alike; and settings.sql's.
-- Cost: one look at a file for each table, save for those that somebody has to himself, whom asking
-- for a size would wait for. Right: none.
SELECT (SELECT coalesce(pg_catalog.sum(pg_catalog.pg_relation_size(c.oid)), 0)::pg_catalog.int8
          FROM pg_catalog.pg_class AS c
          JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
         WHERE (c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                OR c.relkind = 't' AND c.oid >= 16384
                OR c.oid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass)
           AND c.relpersistence <> 't'
           AND c.oid NOT IN (
               SELECT l.relation
                 FROM pg_catalog.pg_locks AS l
                WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
                  AND l.relation IS NOT NULL)) AS bytes,
       pg_catalog.pg_is_in_recovery() AS is_standby,
       (SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.relname),
                                     pg_catalog.chr(1) ORDER BY n.nspname, c.relname)
          FROM pg_catalog.pg_class AS c
          JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.relkind = 'r' AND c.relpersistence = 'u') AS unlogged,
       (SELECT pg_catalog.string_agg(s.subname, pg_catalog.chr(1) ORDER BY s.subname)
          FROM pg_catalog.pg_subscription AS s
          JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid
         WHERE d.datname = pg_catalog.current_database()
           AND NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user))
           AS subscriptions,
       (SELECT pg_catalog.string_agg(e.extname || pg_catalog.chr(1) || e.extversion, pg_catalog.chr(1)
                                     ORDER BY e.extname)
          FROM pg_catalog.pg_extension AS e
         WHERE e.oid >= 16384) AS extensions,
       (SELECT pg_catalog.string_agg(setting, pg_catalog.chr(1))
          FROM pg_catalog.pg_database AS d
          JOIN pg_catalog.pg_db_role_setting AS s ON s.setdatabase = d.oid
         CROSS JOIN pg_catalog.unnest(s.setconfig) AS setting
         WHERE d.datname = pg_catalog.current_database()
           AND s.setrole IN (0, 10, d.datdba,
                             (SELECT r.oid FROM pg_catalog.pg_roles AS r
                               WHERE r.rolname = current_user))) AS settings
