-- Has the database with this number become the one of this name?
-- Costs nothing. Needs no right.
SELECT
FROM pg_catalog.pg_database
WHERE datname = $1 AND oid = $2
