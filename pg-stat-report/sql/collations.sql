-- Which collations beside the database's own are used here, and does the library still sort as it did?
-- Costs: a look at what depends on collations, and asks the library about those. Needs: no right.
-- The hundreds that nothing uses are not asked about; that of the database itself is in section databases.
SELECT current_database()::text AS database,
       quote_ident(n.nspname) || '.' || quote_ident(c.collname) AS collation,
       CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'c' THEN 'libc' WHEN 'b' THEN 'builtin' ELSE c.collprovider::text END AS provider,
       used.objects,
       c.collversion AS version,
       pg_catalog.pg_collation_actual_version(c.oid) AS version_now
FROM (SELECT d.refobjid, count(DISTINCT (d.classid, d.objid)) AS objects
      FROM pg_catalog.pg_depend d
      -- Before 14 what the server itself has is pinned by such a row.
      WHERE d.refclassid = 'pg_catalog.pg_collation'::regclass AND d.deptype <> 'p'
      GROUP BY d.refobjid) used
JOIN pg_catalog.pg_collation c ON c.oid = used.refobjid
JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
ORDER BY 2;
