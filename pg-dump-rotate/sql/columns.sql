-- Which columns does pg_dump copy of these tables ($1)? All but generated ones, in their order.
-- Cost: an index scan for each table. Right: none.
SELECT a.attrelid AS oid, pg_catalog.array_agg(a.attname::text ORDER BY a.attnum) AS columns
  FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS asked (oid)
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = asked.oid
 WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
 GROUP BY a.attrelid
