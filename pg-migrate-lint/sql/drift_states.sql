-- What pg_dump does not say of definitions: indexes that no query uses, materialized views that can't be read, and the
-- settings of the database itself.
-- Reads catalogues only; needs no right beyond connecting.
SELECT 'INDEX' AS kind, n.nspname::text AS schema, c.relname::text AS name,
    pg_catalog.pg_get_indexdef(c.oid) || ';' AS statement, 'INVALID: no query uses it;' AS state
FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
WHERE NOT (i.indisvalid AND i.indisready) AND t.relkind <> 'p'
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
UNION ALL
SELECT 'MATERIALIZED VIEW', n.nspname::text, c.relname::text, NULL,
    CASE WHEN c.relispopulated THEN 'FILLED;' ELSE 'NOT FILLED: it can''t be read until it is refreshed;' END
FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'm' AND n.nspname !~ '^pg_'
UNION ALL
-- A setting of an extension's or an application's own may be a secret.
SELECT 'DATABASE SETTING', '-', pg_catalog.split_part(c, '=', 1), NULL,
    'ALTER DATABASE SET ' || pg_catalog.split_part(c, '=', 1) || ' = ' || CASE
        WHEN pg_catalog.strpos(pg_catalog.split_part(c, '=', 1), '.') > 0
            THEN 'something (md5 ' || pg_catalog.md5(c) || ')'
        ELSE pg_catalog.quote_literal(pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1)) END || ';'
FROM pg_catalog.pg_db_role_setting s
    JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
    CROSS JOIN pg_catalog.unnest(s.setconfig) AS c
WHERE d.datname = pg_catalog.current_database() AND s.setrole = 0
