-- Which databases take connections.
-- Costs: one look at pg_database. Needs: no right.
-- Those that the role may not connect to are among them: they are not well because they can't be seen. One whose
-- DROP DATABASE was broken off (-2) takes none.
SELECT datname::text AS database
FROM pg_catalog.pg_database
WHERE datallowconn
  AND NOT datistemplate
  AND datconnlimit <> -2
ORDER BY datname;
