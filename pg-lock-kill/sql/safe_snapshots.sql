-- For whose end those wait who asked for a safe snapshot (SERIALIZABLE READ ONLY DEFERRABLE), which is no
-- lock and which pg_blocking_pids does not know. {pids} are the numbers of their processes.
-- Only asked for where there are such. Cost: a look at the list of serializable transactions for each.
-- Right: none.
SELECT pid, pg_catalog.array_to_string(pg_catalog.pg_safe_snapshot_blocking_pids(pid), ',') AS blockers
FROM pg_catalog.unnest(ARRAY[{pids}]) pid;
