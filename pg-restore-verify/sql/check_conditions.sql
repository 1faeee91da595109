-- What do these CHECK constraints ask of each row, or those of domains of a VALUE? ($1: their numbers)
-- Cost: a look at the catalogue. Right: none.
SELECT con.oid,
       CASE con.contype
            WHEN 'n' THEN pg_catalog.format('%I IS NOT NULL', a.attname)
            ELSE pg_catalog.pg_get_expr(con.conbin, con.conrelid)
       END
FROM pg_catalog.pg_constraint con
LEFT JOIN pg_catalog.pg_attribute a
       ON con.contype = 'n' AND a.attrelid = con.conrelid AND a.attnum = con.conkey[1]
WHERE con.oid = ANY ($1)
ORDER BY con.oid;
