-- Whom those wait for who stand in a queue with others that began to wait in the same microsecond, and before
-- PostgreSQL 14, which does not say when, with any others: nothing else says in which order.
-- {pids} are the numbers of the processes. Only asked for where there are such.
-- Cost: pg_blocking_pids locks the whole lock table for each of them: 16 ms for 400. Right: none.
SELECT pid, pg_catalog.array_to_string(pg_catalog.pg_blocking_pids(pid), ',') AS blockers
FROM pg_catalog.unnest(ARRAY[{pids}]) pid;
