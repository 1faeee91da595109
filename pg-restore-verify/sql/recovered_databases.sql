-- Which databases are there, and which of them let nobody in?
-- Cost: reads one small catalogue. Right: none.
SELECT datname::text AS name, NOT datallowconn AS is_closed
FROM pg_catalog.pg_database
WHERE datname <> 'template0'
  -- -2: the rest of one that was being dropped
  AND datconnlimit <> -2
ORDER BY datname;
