-- Which databases take connections, and which the role may connect to.
-- Costs: one look at pg_database. Needs: no right.
SELECT datname::text AS database
FROM pg_catalog.pg_database
WHERE datallowconn
  AND NOT datistemplate
  AND pg_catalog.has_database_privilege(oid, 'CONNECT')
ORDER BY datname;
