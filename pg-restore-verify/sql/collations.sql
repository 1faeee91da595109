-- Which collations that something uses have another version now than when what they order was built?
-- Cost: reads the catalogue once. Right: none.
WITH used AS (
    SELECT a.attcollation AS oid, a.attrelid AS relation
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped
    UNION
    SELECT unnest(i.indcollation::pg_catalog.oid[]), i.indexrelid
    FROM pg_catalog.pg_index i
    WHERE i.indexrelid >= 16384
    UNION
    SELECT d.refobjid, NULL
    FROM pg_catalog.pg_depend d
    WHERE d.refclassid = 'pg_catalog.pg_collation'::pg_catalog.regclass
), indexes AS (
    SELECT u.oid, count(DISTINCT i.indexrelid) AS indexes
    FROM used u
    LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = u.relation
    WHERE u.oid <> 0
    GROUP BY u.oid
)
SELECT format('%I.%I', n.nspname, c.collname) AS name,
       'COLLATION ' || format('%I.%I', n.nspname, c.collname) AS kind_and_name,
       c.collversion AS recorded,
       pg_collation_actual_version(c.oid) AS actual,
       x.indexes
FROM indexes x
JOIN pg_catalog.pg_collation c ON c.oid = x.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
WHERE c.collversion IS NOT NULL
ORDER BY 1;
