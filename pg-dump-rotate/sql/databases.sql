-- Every database of the server: what --all-databases asks of each, and whether we may dump it.
-- An interrupted DROP DATABASE leaves a limit of -2: nobody can connect to it any more.
-- A name is told by its bytes, in hexadecimal: whoever made a database from one in another encoding
-- gave it a name in that, which can't be told as text.
-- Costs one row of the catalog for each; needs no right.
SELECT pg_catalog.encode(
           CASE WHEN pg_catalog.getdatabaseencoding() IN ('UTF8', 'SQL_ASCII')
                THEN pg_catalog.replace(d.datname::text, E'\\', E'\\\\')::pg_catalog.bytea
                ELSE pg_catalog.convert_to(d.datname::text, 'UTF8') END,
           'hex') AS database,
       d.datistemplate AS is_template,
       d.datallowconn AS is_open,
       pg_catalog.has_database_privilege(d.oid, 'CONNECT') AS may_connect,
       d.datconnlimit = -2 AS is_half_dropped
  FROM pg_catalog.pg_database AS d
 ORDER BY d.datname
