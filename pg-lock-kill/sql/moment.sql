-- Who asks, whom, and when. The server's clock is that of the moment at which it got these statements,
-- before anything is looked at, so that no wait is older than it was.
-- Times are said as the eight bytes that the server keeps: exact, whatever TimeZone and DateStyle are, and
-- made in no time, where arithmetic with 800 sessions' took 1 ms.
-- {text} is around names that all databases share, in the encoding of whichever they were made in.
-- Cost: none worth a word. Right: none.
SELECT pg_catalog.timestamptz_send(pg_catalog.statement_timestamp()) AS taken_at,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       pg_catalog.pg_backend_pid() AS own_pid,
       {text}(current_user) AS own_role,
       {text}(pg_catalog.current_database()) AS own_database,
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() END AS replayed;
