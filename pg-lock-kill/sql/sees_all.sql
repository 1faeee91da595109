-- Whether we see all sessions whole: what pg_stat_activity itself goes by; and whether we could, if the role
-- inherited what it was granted.
-- Only asked for where something looks hidden. Cost: none worth a word. Right: none.
SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all,
       pg_catalog.pg_has_role('pg_read_all_stats', 'MEMBER') AS could_see_all;
