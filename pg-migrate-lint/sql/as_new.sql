-- What DISCARD ALL does, but for statements that were prepared: those of who looks on are of use for the next file. Says
-- whether SQL has prepared others, which only DISCARD ALL takes away.
-- Costs: nothing. Needs no right.
CLOSE ALL;
SET SESSION AUTHORIZATION DEFAULT;
RESET ALL;
UNLISTEN *;
SELECT pg_catalog.pg_advisory_unlock_all();
DISCARD TEMP;
DISCARD SEQUENCES;
SELECT EXISTS (SELECT FROM pg_catalog.pg_prepared_statements WHERE from_sql)
