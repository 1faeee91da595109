-- What is said of a database and of what it holds, and not by pg_dump: materialized views that can't be read, and the
-- settings of the database itself.
-- Reads catalogues only; needs no right beyond connecting.
SELECT 'MATERIALIZED VIEW' AS kind, n.nspname::text AS schema, c.relname::text AS name,
    CASE WHEN c.relispopulated THEN 'FILLED;' ELSE 'NOT FILLED: it can''t be read until it is refreshed;' END AS state
FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'm' AND n.nspname !~ '^pg_'
UNION ALL
-- A setting of an extension's or an application's own may be a secret.
SELECT 'DATABASE SETTING', '-', pg_catalog.split_part(c, '=', 1),
    'ALTER DATABASE SET ' || pg_catalog.split_part(c, '=', 1) || ' = ' || CASE
        WHEN pg_catalog.strpos(pg_catalog.split_part(c, '=', 1), '.') > 0
            THEN 'something (md5 ' || pg_catalog.md5(c) || ')'
        ELSE pg_catalog.quote_literal(pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1)) END || ';'
FROM pg_catalog.pg_db_role_setting s
    JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
    CROSS JOIN pg_catalog.unnest(s.setconfig) AS c
WHERE d.datname = pg_catalog.current_database() AND s.setrole = 0
