-- Ends every session in a database but our own.
-- Cost: none. Right: to be a member of the roles of those sessions, or pg_signal_backend.
SELECT pg_catalog.pg_terminate_backend(a.pid)
FROM pg_catalog.pg_stat_activity a
WHERE a.datname = $1 AND a.pid <> pg_catalog.pg_backend_pid();
