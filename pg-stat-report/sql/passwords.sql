-- How are passwords of roles that may log in kept?
-- Costs: one look at the roles. Needs: superuser; the passwords' own text is not read out.
SELECT 'password' AS kind,
       a.rolname::text AS object,
       CASE WHEN a.rolpassword LIKE 'SCRAM-SHA-256$%' THEN 'scram-sha-256'
            WHEN a.rolpassword ~ '^md5[0-9a-f]{32}$' THEN 'md5'
            WHEN a.rolpassword IS NULL THEN 'none'
            ELSE 'unknown' END AS value,
       NULL::text AS detail,
       CASE WHEN a.rolpassword ~ '^md5[0-9a-f]{32}$' THEN 'md5' END AS risk,
       NULL::bigint AS count
FROM pg_catalog.pg_authid a
WHERE a.rolcanlogin
ORDER BY risk NULLS LAST, object;
