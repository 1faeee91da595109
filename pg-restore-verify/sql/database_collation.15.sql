-- Has the database's own collation another version now than when it was created? (15 and later)
-- Cost: reads the catalogue once. Right: none.
SELECT datname::text AS name,
       format('DATABASE %I', datname) AS kind_and_name,
       datcollversion AS recorded,
       pg_database_collation_actual_version(oid) AS actual,
       (SELECT count(*)
        FROM pg_catalog.pg_index i
        WHERE i.indexrelid >= 16384 AND 100 = ANY (i.indcollation::pg_catalog.oid[])) AS indexes
FROM pg_catalog.pg_database
WHERE datname = current_database() AND datcollversion IS NOT NULL;
