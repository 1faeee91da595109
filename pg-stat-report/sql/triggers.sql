-- Which triggers, event triggers and rules do not fire, those among them that enforce foreign keys?
-- Costs: one look at the triggers, and one at the rules. Needs: no right.
-- A foreign key has two triggers on either side, which are told of once for each table. Of partitions the root is told, and a
-- part where it is off there alone. What is to fire for replication alone (ENABLE REPLICA) is meant so where a subscription
-- writes rows.
WITH firing AS (
    SELECT EXISTS (SELECT s.subenabled FROM pg_catalog.pg_subscription s
                   WHERE s.subenabled
                     AND s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())) AS of_replica
)
SELECT current_database()::text AS database,
       f.kind, f."table", f.name, f."constraint", f.referenced, f.state = 'R' AS is_for_replica
FROM (
    SELECT CASE WHEN bool_and(u.is_own) THEN 'trigger' ELSE 'constraint' END AS kind,
           quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS "table",
           min(CASE WHEN u.is_own THEN quote_ident(t.tgname) END) AS name,
           k.conname::text AS "constraint",
           quote_ident(m.nspname) || '.' || quote_ident(o.relname) AS referenced,
           min(t.tgenabled::text) AS state
    FROM pg_catalog.pg_trigger t
    -- Before 15 those that parts have of their parent are internal, too.
    CROSS JOIN LATERAL (SELECT NOT t.tgisinternal OR t.tgparentid <> 0 AND t.tgconstraint = 0 AS is_own) u
    JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint AND NOT u.is_own
    LEFT JOIN pg_catalog.pg_class o ON o.oid = k.confrelid
    LEFT JOIN pg_catalog.pg_namespace m ON m.oid = o.relnamespace
    WHERE t.tgenabled IN ('D', 'R')
      AND (NOT c.relispartition
           OR u.is_own AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger p WHERE p.oid = t.tgparentid AND p.tgenabled = t.tgenabled))
      AND (u.is_own OR k.oid IS NOT NULL)
      AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    GROUP BY c.oid, n.nspname, c.relname, k.conname, m.nspname, o.relname, CASE WHEN u.is_own THEN t.oid END
    UNION ALL
    SELECT 'rule', quote_ident(n.nspname) || '.' || quote_ident(c.relname), quote_ident(r.rulename), NULL, NULL, r.ev_enabled::text
    FROM pg_catalog.pg_rewrite r
    JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE r.ev_enabled IN ('D', 'R') AND r.ev_type <> '1'
    UNION ALL
    SELECT 'event trigger', NULL, quote_ident(e.evtname), NULL, NULL, e.evtenabled::text
    FROM pg_catalog.pg_event_trigger e
    WHERE e.evtenabled IN ('D', 'R')
) f
WHERE f.state = 'D' OR NOT (SELECT firing.of_replica FROM firing)
ORDER BY f."table" NULLS LAST, f."constraint" NULLS LAST, f.name;
