-- Which of the roles $1 and the databases $2 there are not: a filter with such a name, misspelt most likely,
-- would pass over nobody, or over all.
-- Cost: a look into two catalogues for each name, once in a run; waits for whoever has locked them.
-- Right: none beyond that to connect.
SELECT 'role' AS kind, n.name
FROM pg_catalog.unnest($1) AS n (name)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = n.name)
UNION ALL
SELECT 'database', n.name
FROM pg_catalog.unnest($2) AS n (name)
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_database d WHERE d.datname = n.name)
