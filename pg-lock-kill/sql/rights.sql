-- May we end sessions of the roles $1 (null: of autovacuum, which has none)?
-- The server's own rules (signalfuncs.c): superusers' only as one of them, others' also as a member of
-- their role or of pg_signal_backend; from 18 on autovacuum's as one of pg_signal_autovacuum_worker.
-- Cost: a look at pg_roles. Right: none.
SELECT w.name, coalesce(r.rolsuper, w.name IS NULL) AS is_superuser,
       me.rolsuper
       OR CASE
              WHEN w.name IS NULL THEN EXISTS (
                  SELECT FROM pg_catalog.pg_roles s
                  WHERE s.rolname = 'pg_signal_autovacuum_worker'
                    AND pg_catalog.pg_has_role(me.oid, s.oid, 'USAGE'))
              WHEN r.rolsuper THEN false
              ELSE pg_catalog.pg_has_role(me.oid, 'pg_signal_backend', 'USAGE')
                   OR r.oid IS NOT NULL AND pg_catalog.pg_has_role(me.oid, r.oid, 'USAGE')
          END AS may_signal,
       pg_catalog.pg_has_role(me.oid, 'pg_signal_backend', 'MEMBER') AS is_member
FROM pg_catalog.unnest($1) w (name)
JOIN pg_catalog.pg_roles me ON me.rolname = current_user
LEFT JOIN pg_catalog.pg_roles r ON r.rolname = w.name
