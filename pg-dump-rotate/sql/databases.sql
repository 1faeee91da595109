-- Every database of the server: whether --all-databases means it, and whether we may dump it.
-- Costs one row of the catalog for each; needs no right.
SELECT d.datname::text AS database,
       d.datallowconn AND NOT d.datistemplate AS is_dumped,
       pg_catalog.has_database_privilege(d.oid, 'CONNECT') AS may_connect
  FROM pg_catalog.pg_database AS d
 ORDER BY d.datname
