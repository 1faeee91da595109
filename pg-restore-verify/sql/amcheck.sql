-- In which schema is amcheck installed, may we call it, and how many arguments does it take?
-- Cost: a look at the catalogue. Right: none.
SELECT n.nspname::text AS schema,
       has_function_privilege(p.oid, 'EXECUTE') AS callable,
       p.pronargs::pg_catalog.int4 AS arguments
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
JOIN pg_catalog.pg_proc p ON p.pronamespace = n.oid AND p.proname = 'bt_index_check'
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
                           AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid
WHERE e.extname = 'amcheck'
ORDER BY p.pronargs DESC
LIMIT 1;
