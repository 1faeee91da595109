-- Which sequences are there, and where do they end?
-- Costs: one look at pg_sequence. Needs: no right; one that the role may not read is not open.
SELECT *
FROM (
    SELECT s.seqrelid AS oid,
           c.relnamespace::regnamespace::text || '.' || quote_ident(c.relname) AS sequence,
           CASE s.seqtypid WHEN 'int8'::regtype THEN 'bigint' WHEN 'int4'::regtype THEN 'integer' ELSE 'smallint' END AS type,
           s.seqincrement AS increment,
           CASE WHEN s.seqincrement > 0 THEN s.seqmin ELSE s.seqmax END AS beginning,
           CASE WHEN s.seqincrement > 0 THEN s.seqmax ELSE s.seqmin END AS final,
           s.seqcycle AS is_cycling,
           has_sequence_privilege(c.oid, 'SELECT, USAGE')
               AND NOT (c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery()) AS is_open
    FROM pg_catalog.pg_sequence s
    JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
    WHERE c.relkind = 'S' AND c.relpersistence <> 't'
    OFFSET 0
) s
-- The right to one that is gone meanwhile is null.
WHERE is_open IS NOT NULL;
