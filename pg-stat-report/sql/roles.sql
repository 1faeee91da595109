-- What may each role do, and until when?
-- Costs: one look at the roles. Needs: no right; the kind of a password is in section security.
SELECT r.rolname::text AS role,
       r.rolcanlogin AS may_login,
       r.rolsuper AS is_superuser,
       r.rolcreaterole AS may_create_roles,
       r.rolcreatedb AS may_create_databases,
       r.rolreplication AS may_replicate,
       r.rolbypassrls AS bypasses_row_security,
       nullif(r.rolconnlimit, -1) AS connection_limit,
       CASE WHEN isfinite(r.rolvaliduntil) THEN r.rolvaliduntil END AS password_valid_until,
       CASE WHEN isfinite(r.rolvaliduntil)
            THEN extract(epoch FROM r.rolvaliduntil - clock_timestamp())::float8 END AS password_left_seconds,
       ARRAY(SELECT g.rolname::text FROM pg_catalog.pg_auth_members m
             JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
             WHERE m.member = r.oid ORDER BY g.rolname) AS member_of
FROM pg_catalog.pg_roles r
WHERE r.rolname !~ '^pg_'
ORDER BY r.rolsuper DESC, r.rolname;
