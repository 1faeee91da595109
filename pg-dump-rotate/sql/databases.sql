-- Every database of the server: what --all-databases asks of each, and whether we may dump it.
-- An interrupted DROP DATABASE leaves a limit of -2: nobody can connect to it any more.
-- Costs one row of the catalog for each; needs no right.
SELECT d.datname::text AS database,
       d.datistemplate AS is_template,
       d.datallowconn AS is_open,
       pg_catalog.has_database_privilege(d.oid, 'CONNECT') AS may_connect,
       d.datconnlimit = -2 AS is_half_dropped
  FROM pg_catalog.pg_database AS d
 ORDER BY d.datname
