-- Which schemas does each pattern of -n mean? $1: for each, what the name has to match (NULL: anything).
-- Cost: each pattern once against pg_namespace. Right: none.
SELECT p.number, n.nspname::text AS name
FROM unnest($1::pg_catalog.text[]) WITH ORDINALITY AS p (name, number)
JOIN pg_catalog.pg_namespace n ON p.name IS NULL OR n.nspname ~ p.name COLLATE pg_catalog."default"
WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY p.number, n.nspname;
