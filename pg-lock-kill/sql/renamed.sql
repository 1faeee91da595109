-- Which of the relations with the numbers {objects} may be called something else, or be in another schema, in a
-- transaction that is still open: whoever waits for that sees the old name, and so do we. A relation shares its
-- name with its type, which other changes leave alone; those that have none, as indexes, are looked at themselves,
-- and the schema with them.
-- Only asked for where filters ask what relations are called.
-- Cost: look-ups by primary key for each. Right: none.
SELECT DISTINCT c.oid
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_type t ON t.oid = c.reltype
CROSS JOIN LATERAL pg_catalog.unnest(ARRAY[coalesce(t.xmax, c.xmax), n.xmax]) x (xmax)
-- A row keeps 32 of the number's 64 bits, and age() is how far it is from the next one.
CROSS JOIN (SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::int8 AS xid) s
CROSS JOIN LATERAL (SELECT s.xid + pg_catalog.age((s.xid & 4294967295)::text::xid) AS xid) next
WHERE c.oid IN ({objects})
  -- Whatever is not in the past was never given to a transaction that we could know of.
  AND CASE WHEN pg_catalog.age(x.xmax) BETWEEN 1 AND 2147483646
           THEN pg_catalog.pg_xact_status(greatest(next.xid - pg_catalog.age(x.xmax), 0)::text::xid8)
      END = 'in progress';
