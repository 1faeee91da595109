-- Which extensions are here, and is a newer version of one installed on the server's machine?
-- Costs: reads the control file of each extension that is installed there. Needs: no right.
SELECT current_database()::text AS database,
       e.extname::text AS extension,
       e.extversion AS version,
       a.default_version AS version_there,
       a.default_version IS NOT NULL AND a.default_version IS DISTINCT FROM e.extversion AS is_outdated,
       a.name IS NULL AS is_missing,
       n.nspname::text AS schema
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
LEFT JOIN pg_catalog.pg_available_extensions() a ON a.name = e.extname
ORDER BY is_outdated DESC, extension;
