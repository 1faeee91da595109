-- Which tables and sequences does pg_dump lock or read, and may this role read them whole?
-- Picked as pg_dump picks them. $1, $2: the schemas of -n (NULL: not given) and -N; $3, $4: the
-- tables of -t (NULL: not given) and -T; $5: the tables of --exclude-table-data.
-- Cost: one pass over pg_class and pg_depend's extension members, two seconds for 100,000 tables;
-- locks nothing but catalogs. Right: none.
-- Names are bytes: those of a database in SQL_ASCII need not be text in any encoding.
WITH picked_schemas AS (
    SELECT n.oid, n.nspname
      FROM pg_catalog.pg_namespace AS n
     WHERE n.oid NOT IN (SELECT pg_catalog.unnest($2::pg_catalog.oid[]))
       AND CASE WHEN $1::pg_catalog.oid[] IS NULL
                THEN n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                ELSE n.oid IN (SELECT pg_catalog.unnest($1)) END
), members AS (
    SELECT d.objid AS oid, d.refobjid AS extension
      FROM pg_catalog.pg_depend AS d
     WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
       AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
       AND d.deptype = 'e'
), configured AS (
    -- an extension's own table whose rows are the user's (manual: Extension Configuration Tables)
    SELECT u.oid, u.condition
      FROM pg_catalog.pg_extension AS e
     CROSS JOIN LATERAL unnest(e.extconfig, e.extcondition) AS u (oid, condition)
), picked AS (
    SELECT c.oid, s.condition, m.oid IS NOT NULL AS is_member, c.relnamespace
      FROM pg_catalog.pg_class AS c
      LEFT JOIN members AS m ON m.oid = c.oid
      LEFT JOIN configured AS s ON s.oid = c.oid
     WHERE c.relkind IN ('r', 'p', 'S')
       AND c.oid NOT IN (SELECT pg_catalog.unnest($4::pg_catalog.oid[]))
       AND CASE WHEN m.oid IS NOT NULL
                THEN s.oid IS NOT NULL
                 AND c.relnamespace NOT IN (SELECT pg_catalog.unnest($2))
                 AND (($1 IS NULL AND $3 IS NULL)
                      OR c.oid IN (SELECT pg_catalog.unnest($3))
                      OR c.relnamespace IN (SELECT pg_catalog.unnest($1)) AND $3 IS NULL)
                WHEN $3::pg_catalog.oid[] IS NULL
                THEN c.relnamespace IN (SELECT p.oid FROM picked_schemas AS p)
                ELSE c.oid IN (SELECT pg_catalog.unnest($3)) END
), owned AS (
    -- the sequences of columns: dumped with their tables, those of identity columns only so
    SELECT d.objid AS oid, d.refobjid AS owner, d.deptype = 'i' AS is_identity
      FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_depend AS d
        ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.objsubid = 0
       AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')
     WHERE c.relkind = 'S'
), dumped AS (
    SELECT p.oid, p.condition, p.is_member
      FROM picked AS p
     WHERE p.oid NOT IN (SELECT o.oid FROM owned AS o
                          WHERE o.is_identity AND o.owner NOT IN (SELECT q.oid FROM picked AS q))
    UNION
    SELECT o.oid, NULL, false
      FROM owned AS o
      JOIN picked AS p ON p.oid = o.owner AND NOT p.is_member
)
SELECT c.oid,
       pg_catalog.convert_to(n.nspname::text, e.encoding) AS schema,
       pg_catalog.convert_to(c.relname::text, e.encoding) AS name,
       c.relkind::text AS kind,
       d.is_member,
       d.condition,
       c.relkind IN ('r', 'S')
           AND c.oid NOT IN (SELECT pg_catalog.unnest($5::pg_catalog.oid[])) AS has_rows,
       c.relpersistence = 'u' AS is_unlogged,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS may_enter,
       pg_catalog.has_table_privilege(c.oid, 'SELECT') AS may_read,
       c.relrowsecurity AND pg_catalog.row_security_active(c.oid) AS hides_rows,
       greatest(c.relpages, 0) AS pages,
       greatest(t.relpages, 0) AS toast_pages,
       t.oid AS toast,
       pg_catalog.convert_to(r.nspname::text, e.encoding) AS root_schema,
       pg_catalog.convert_to(r.relname::text, e.encoding) AS root_name
  FROM dumped AS d
 CROSS JOIN (SELECT CASE pg_catalog.getdatabaseencoding()
                    WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END AS encoding) AS e
  JOIN pg_catalog.pg_class AS c ON c.oid = d.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_class AS t ON t.oid = nullif(c.reltoastrelid, 0)
  LEFT JOIN LATERAL (
       SELECT rn.nspname, rc.relname
         FROM pg_catalog.pg_class AS rc
         JOIN pg_catalog.pg_namespace AS rn ON rn.oid = rc.relnamespace
        WHERE c.relispartition AND rc.oid = pg_catalog.pg_partition_root(c.oid)) AS r ON true
 ORDER BY n.nspname, c.relname
