-- What do these bytes ($1) say in this encoding ($2)?
-- Cost: none worth naming. Right: none.
SELECT pg_catalog.convert_from(asked.bytes, $2) AS text
  FROM pg_catalog.unnest($1::bytea[]) WITH ORDINALITY AS asked (bytes, place)
 ORDER BY asked.place
