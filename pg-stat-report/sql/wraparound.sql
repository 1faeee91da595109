-- How near is each database to the end of its transaction numbers and multixacts?
-- Costs: one look at pg_database. Needs: no right.
-- All databases count, also those that take no connections: each of them stops the whole server. It stops when
-- 3 million numbers are left, before 14 when 1 million are.
SELECT d.datname::text AS database,
       d.datallowconn AS allows_connections,
       age(d.datfrozenxid) AS xid_age,
       age(d.datfrozenxid) / 2147483648::float8 AS xid_ratio,
       2147483647 - l.kept - age(d.datfrozenxid)::bigint AS xids_left,
       mxid_age(d.datminmxid) AS mxid_age,
       mxid_age(d.datminmxid) / 2147483648::float8 AS mxid_ratio,
       2147483647 - l.kept - mxid_age(d.datminmxid)::bigint AS mxids_left,
       current_setting('autovacuum_freeze_max_age')::bigint AS freeze_max_age,
       age(d.datfrozenxid) / current_setting('autovacuum_freeze_max_age')::float8 AS freeze_ratio,
       current_setting('autovacuum_multixact_freeze_max_age')::bigint AS mxid_freeze_max_age,
       mxid_age(d.datminmxid) / current_setting('autovacuum_multixact_freeze_max_age')::float8 AS mxid_freeze_ratio,
       current_setting('vacuum_failsafe_age', true)::bigint AS failsafe_age
FROM pg_catalog.pg_database d
CROSS JOIN (SELECT CASE WHEN current_setting('server_version_num')::int >= 140000 THEN 3000000 ELSE 1000000 END AS kept) l
ORDER BY greatest(age(d.datfrozenxid), mxid_age(d.datminmxid)) DESC, d.datname;
