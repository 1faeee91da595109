-- Whether we see all sessions whole: what pg_stat_activity itself goes by.
-- Only asked for where something looks hidden. Cost: none worth a word. Right: none.
SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all;
