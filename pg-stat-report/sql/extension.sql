-- Where is pg_stat_statements in this database, and of which version is it?
-- Costs: one look at the extensions. Needs: no right.
SELECT pg_catalog.quote_ident(n.nspname) AS schema, e.extversion AS version
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_stat_statements';
