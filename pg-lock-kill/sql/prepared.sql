-- Transactions that were prepared for a second phase: they hold their locks without a process, over
-- a restart, too.
-- Cost: none where there are none. Right: none.
SELECT transaction, gid, (extract(epoch FROM prepared) * 1000000)::bigint AS prepared, owner, database
FROM pg_catalog.pg_prepared_xacts;
