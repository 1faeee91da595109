-- Transactions that were prepared for a second phase: they hold their locks without a process, over
-- a restart, too.
-- Only asked for where a lock has no process. Cost: none worth a word. Right: none.
SELECT transaction, gid, pg_catalog.timestamptz_send(prepared) AS prepared, owner, database
FROM pg_catalog.pg_prepared_xacts;
