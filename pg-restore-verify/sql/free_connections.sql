-- How many connections does the server have room for, those aside that it keeps for superusers and
-- for reserved roles (from 16 on)?
-- Cost: one look at the sessions. Right: none.
SELECT (pg_catalog.current_setting('max_connections')::pg_catalog.int4
        - pg_catalog.current_setting('superuser_reserved_connections')::pg_catalog.int4
        - coalesce(pg_catalog.current_setting('reserved_connections', true), '0')::pg_catalog.int4
        - (SELECT pg_catalog.count(a.usesysid) FROM pg_catalog.pg_stat_activity a
           WHERE a.datid IS NOT NULL))::pg_catalog.int8 AS free;
