-- Which materialized views call, by whatever views and functions, what opens connections of its own?
-- What a function does is known by the words in it alone.
-- Cost: reads the catalogue once. Right: none.
WITH RECURSIVE opening (oid) AS (
    SELECT d.objid
    FROM pg_catalog.pg_extension e
    JOIN pg_catalog.pg_depend d
      ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid
     AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.deptype = 'e'
    WHERE e.extname IN ('dblink', 'http', 'pg_net', 'pgsql_http', 'plproxy')
), reaching (class, oid) AS (
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid FROM opening
    UNION
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid
    FROM pg_catalog.pg_proc p
    WHERE p.oid >= 16384
      AND EXISTS (SELECT FROM opening o JOIN pg_catalog.pg_proc q ON q.oid = o.oid
                  WHERE p.prosrc ~* ('\m' || pg_catalog.regexp_replace(q.proname, '(\W)', '\\\1', 'g') || '\s*\('))
    UNION
    SELECT user_of.class, user_of.oid
    FROM reaching r
    CROSS JOIN LATERAL (
        SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, w.ev_class
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
        WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
          AND d.refclassid = r.class AND d.refobjid = r.oid AND w.ev_class <> r.oid
        UNION ALL
        SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, d.objid
        FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
          AND d.refclassid = r.class AND d.refobjid = r.oid AND d.deptype = 'n'
    ) user_of (class, oid)
)
SELECT n.nspname::text AS schema, c.relname::text AS name
FROM reaching r
JOIN pg_catalog.pg_class c
  ON r.class = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = r.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'm'
ORDER BY 1, 2;
