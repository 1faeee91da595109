-- Is there a subscription called $1 in this database?
-- Cost: none. Right: none.
SELECT FROM pg_catalog.pg_subscription s
JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
WHERE d.datname = pg_catalog.current_database() AND s.subname = $1;
