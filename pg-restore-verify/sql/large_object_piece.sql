-- What are the $3 bytes of the large object $1 from the byte $2 on?
-- Cost: reads those bytes. Right: SELECT on the large object.
SELECT pg_catalog.lo_get($1, $2, $3);
