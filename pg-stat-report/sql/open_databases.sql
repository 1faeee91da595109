-- Which databases take connections? Whether the role may connect is told when it tries: what it may not see is named.
-- One whose DROP DATABASE was broken off (-2) takes none.
-- Costs: one look at pg_database. Needs: no right.
SELECT datname::text AS database
FROM pg_catalog.pg_database
WHERE datallowconn
  AND NOT datistemplate
  AND datconnlimit <> -2
ORDER BY datname;
