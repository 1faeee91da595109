-- What keeps a throw-away database from being dropped, as statements that end it, to be run in it one by one.
-- Reads catalogues only; needs a superuser.
SELECT pg_catalog.unnest(ARRAY[
        pg_catalog.format('ALTER SUBSCRIPTION %I DISABLE', s.subname),
        pg_catalog.format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', s.subname),
        pg_catalog.format('DROP SUBSCRIPTION %I', s.subname)]) AS statement
FROM pg_catalog.pg_subscription s
    JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
WHERE d.datname = pg_catalog.current_database()
UNION ALL
SELECT pg_catalog.format('ROLLBACK PREPARED %L', p.gid)
FROM pg_catalog.pg_prepared_xacts p
WHERE p.database = pg_catalog.current_database()
UNION ALL
SELECT pg_catalog.format('ALTER DATABASE %I IS_TEMPLATE false', d.datname)
FROM pg_catalog.pg_database d
WHERE d.datname = pg_catalog.current_database() AND d.datistemplate
