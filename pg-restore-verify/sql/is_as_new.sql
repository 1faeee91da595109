-- Is this throw-away server one that nothing was restored on? Whatever initdb did not make (its
-- objects have numbers below 16384) or did otherwise is a no.
-- Cost: none. Right: superuser.
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_database
                   WHERE datname NOT IN ('postgres', 'template0', 'template1')
                      OR oid >= 16384 OR datname = 'template1' AND NOT datistemplate
                      OR datconnlimit <> -1 OR datdba <> 10)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_authid WHERE oid >= 16384)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_tablespace WHERE oid >= 16384)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_db_role_setting)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_subscription)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_file_settings WHERE sourcefile ~ 'auto\.conf$')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.roleid >= 16384 OR m.member >= 16384
                                                               OR m.member = 10)
   -- of template1, which a script may have been connected to
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid >= 16384)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc WHERE oid >= 16384)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE oid >= 16384);
