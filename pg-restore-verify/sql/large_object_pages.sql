-- What do the large objects hold, page by page? Pages that were never written are missing.
-- Cost: reads all large objects once. Right: superuser.
SELECT loid,
       pageno::pg_catalog.int8,
       pg_catalog.current_setting('block_size')::pg_catalog.int8 / 4 AS page_bytes,
       data
FROM pg_catalog.pg_largeobject
ORDER BY loid, pageno;
