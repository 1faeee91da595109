-- May a table be emptied, and its rows come frozen? Only where it is empty, and a TRUNCATE does
-- nothing else: there is no trigger, and so no foreign key that refers to it.
-- Cost: one look at the catalogue and at the table's file. Right: none.
SELECT
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_am a ON a.oid = c.relam
WHERE c.oid = $1::pg_catalog.regclass
  AND c.relkind = 'r'
  AND a.amname = 'heap'
  AND NOT c.relhastriggers
  AND pg_catalog.pg_relation_size(c.oid) = 0;
