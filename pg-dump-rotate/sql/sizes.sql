-- How large are these relations ($1), without their indexes?
-- Asking for a size waits for whoever has a relation to himself, so those are passed over.
-- Cost: one look at a file for each. Right: none.
SELECT c.oid, pg_catalog.pg_relation_size(c.oid) AS bytes
  FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS asked (oid)
  JOIN pg_catalog.pg_class AS c ON c.oid = asked.oid
 WHERE c.oid NOT IN (
       SELECT l.relation
         FROM pg_catalog.pg_locks AS l
        WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.relation IS NOT NULL)
