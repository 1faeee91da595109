-- What do the server's processes wait for at this moment?
-- Costs: one look at the sessions. Needs: pg_read_all_stats; of a session that the role may not see nothing is known.
-- An active one without anything that it waits for computes. What waits for its client is not at fault.
SELECT coalesce(a.wait_event_type, CASE WHEN a.state = 'active' THEN 'CPU' END) AS wait_event_type,
       a.wait_event,
       coalesce(a.backend_type, 'hidden') AS backend_type,
       count(*) AS processes,
       count(*) FILTER (WHERE a.state = 'active') AS active,
       count(*) FILTER (WHERE a.state LIKE 'idle in transaction%') AS idle_in_transaction,
       extract(epoch FROM clock_timestamp() - min(a.query_start) FILTER (WHERE a.state = 'active'))::float8 AS longest_query_seconds,
       min(a.pid) AS pid
FROM pg_catalog.pg_stat_activity a
WHERE a.pid <> pg_catalog.pg_backend_pid()
GROUP BY 1, 2, 3
ORDER BY active DESC, processes DESC, wait_event_type, wait_event, backend_type;
