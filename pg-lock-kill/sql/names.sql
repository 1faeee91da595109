-- What relations, and objects of other catalogues, are called that somebody locks in this database, or that
-- all databases share.
-- {catalogs} and {objects} are their numbers, and {text} is around a name. What is not there any
-- more, or is not committed yet, has no name.
-- Cost: look-ups in the catalogues' caches, no join to be planned. Right: none.
SELECT o.catalog, o.object, i.type, {text}(i.identity)
FROM ROWS FROM (pg_catalog.unnest(ARRAY[{catalogs}]::pg_catalog.oid[]),
                pg_catalog.unnest(ARRAY[{objects}]::pg_catalog.oid[])) o (catalog, object),
     LATERAL pg_catalog.pg_identify_object(o.catalog, o.object, 0) i;
