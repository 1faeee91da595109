-- What drops the roles and tablespaces that were restored on a throw-away server, and the settings
-- of those that stay. No database but postgres and the templates is left by now.
-- Cost: none. Right: superuser.
SELECT pg_catalog.format('DROP TABLESPACE %I', spcname)
FROM pg_catalog.pg_tablespace
WHERE spcname !~ '^pg_'
UNION ALL
SELECT pg_catalog.format('ALTER ROLE %s RESET ALL',
                         CASE setrole WHEN 0 THEN 'ALL' ELSE setrole::pg_catalog.regrole::pg_catalog.text END)
FROM pg_catalog.pg_db_role_setting
WHERE setdatabase = 0
UNION ALL
SELECT pg_catalog.format('DROP ROLE %I', rolname)
FROM pg_catalog.pg_roles
WHERE oid >= 16384;
