-- Which versions of these extensions are here? ($1: their names)
-- Cost: a look at the catalogue. Right: none.
SELECT extname::text AS name,
       extversion AS version
FROM pg_catalog.pg_extension
WHERE extname::text = ANY ($1);
