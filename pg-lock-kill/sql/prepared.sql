-- Transactions that were prepared for a second phase: they hold their locks without a process, over
-- a restart, too.
-- {text} is around names in whatever encoding.
-- Only asked for where a lock has no process. Cost: none worth a word. Right: none.
SELECT transaction, {text}(gid), pg_catalog.timestamptz_send(prepared) AS prepared, {text}(owner), {text}(database)
FROM pg_catalog.pg_prepared_xacts;
