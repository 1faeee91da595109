-- How much does this database take? ($1: or all of the server's)
-- Cost: a look at the size of each file. Right: none for one's own, pg_read_all_stats for all.
SELECT pg_catalog.sum(pg_catalog.pg_database_size(d.oid))::pg_catalog.int8 AS bytes
FROM pg_catalog.pg_database d
WHERE d.datname = pg_catalog.current_database() OR $1::pg_catalog.bool;
