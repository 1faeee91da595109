-- What relations of this database are called, and which catalogues objects are in.
-- {relations} are numbers: those of locks that somebody waits for.
-- Cost: a look-up by primary key for each. Right: none.
SELECT c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid IN ({relations});
