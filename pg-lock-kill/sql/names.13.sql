-- What relations of this database are called, before PostgreSQL 14, where pg_identify_object fails on what
-- is not there any more.
-- {objects} are their numbers, and {text} is around a name.
-- Cost: a look-up by primary key for each. Right: none.
SELECT 1259, c.oid, NULL, {text}(pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname))
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid IN ({objects});
