-- Which sequences are there that can come to an end: those that do not go round.
-- Cost: reads the catalogue once. Right: none.
SELECT n.nspname::text AS sequence_schema,
       c.relname::text AS sequence_name,
       s.seqincrement AS increment,
       s.seqmin AS least,
       s.seqmax AS greatest
FROM pg_catalog.pg_sequence s
JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT s.seqcycle
  AND c.relpersistence <> 't'
  AND NOT (c.relpersistence = 'u' AND pg_is_in_recovery())
ORDER BY n.nspname, c.relname;
