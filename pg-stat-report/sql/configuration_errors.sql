-- Which lines of the configuration files can't be taken, as they are now?
-- Costs: reads these files. Needs: superuser, or EXECUTE on pg_show_all_file_settings() and SELECT on the view.
-- A changed setting that waits for a restart is no error. Values are left out: they may be secret.
SELECT 'error' AS kind,
       NULL::text AS role,
       NULL::text AS database,
       f.name,
       NULL::text AS setting,
       f.sourcefile AS file,
       f.sourceline AS line,
       f.error AS detail
FROM pg_catalog.pg_file_settings f
LEFT JOIN pg_catalog.pg_settings s ON s.name = f.name AND s.pending_restart
WHERE f.error IS NOT NULL AND s.name IS NULL
ORDER BY file, line;
