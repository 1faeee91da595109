-- What databases are called.
-- {databases} are their numbers, and {text} is around a name in whatever encoding.
-- Only asked for where somebody is in another one than we are.
-- Cost: one look at pg_database. Right: none.
SELECT oid, {text}(datname) FROM pg_catalog.pg_database WHERE oid IN ({databases});
