-- Who asks, whom, and when. The server's clock is taken before anything is looked at, so that no
-- wait is older than it was.
-- Cost: none worth a word. Right: none. sees_all is what pg_stat_activity itself goes by: who lacks
-- it sees no state, no statement and no address of the sessions of roles that it is no member of.
SELECT (date_part('epoch', pg_catalog.clock_timestamp()) * 1000000)::bigint AS taken_at,
       pg_catalog.current_setting('server_version_num') AS server_version_num,
       pg_catalog.pg_is_in_recovery() AS in_recovery,
       pg_catalog.pg_backend_pid() AS own_pid,
       current_user AS own_role,
       pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all;
