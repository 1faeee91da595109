-- Which triggers are turned off, those among them that enforce foreign keys?
-- Costs: one look at the triggers. Needs: no right.
-- A foreign key has two triggers on either side, which are told of once for each table. Of partitions the root is told, and a
-- part where it is off there alone.
SELECT current_database()::text AS database,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS "table",
       min(CASE WHEN u.is_own THEN quote_ident(t.tgname) END) AS trigger,
       k.conname::text AS "constraint",
       quote_ident(m.nspname) || '.' || quote_ident(o.relname) AS referenced
FROM pg_catalog.pg_trigger t
-- Before 15 those that parts have of their parent are internal, too.
CROSS JOIN LATERAL (SELECT NOT t.tgisinternal OR t.tgparentid <> 0 AND t.tgconstraint = 0 AS is_own) u
JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint AND NOT u.is_own
LEFT JOIN pg_catalog.pg_class o ON o.oid = k.confrelid
LEFT JOIN pg_catalog.pg_namespace m ON m.oid = o.relnamespace
WHERE t.tgenabled = 'D'
  AND (NOT c.relispartition
       OR u.is_own AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger p WHERE p.oid = t.tgparentid AND p.tgenabled = 'D'))
  AND (u.is_own OR k.oid IS NOT NULL)
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
GROUP BY c.oid, n.nspname, c.relname, k.conname, m.nspname, o.relname, CASE WHEN u.is_own THEN t.oid END
ORDER BY "table", "constraint" NULLS LAST, trigger;
