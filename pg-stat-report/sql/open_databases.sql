-- Which databases take connections, and which would if their DROP DATABASE had not been broken off (-2)?
-- Costs: one look at pg_database. Needs: no right.
-- Those that the role may not connect to are among them: they are not well because they can't be seen.
SELECT datname::text AS database,
       datconnlimit = -2 AS is_invalid
FROM pg_catalog.pg_database
WHERE datallowconn
  AND NOT datistemplate
ORDER BY datname;
