-- Which foreign-data wrappers can reach what they wrap, and by which function each?
-- Cost: none. Right: none.
SELECT pg_catalog.format('%I', w.fdwname) AS wrapper,
       pg_catalog.format('%I.%I', n.nspname, p.proname) AS handler
FROM pg_catalog.pg_foreign_data_wrapper w
JOIN pg_catalog.pg_proc p ON p.oid = w.fdwhandler
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
ORDER BY w.fdwname;
