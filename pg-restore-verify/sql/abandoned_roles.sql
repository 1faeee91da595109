-- Which roles were made for a scratch database that is no more?
-- Cost: one look at pg_authid's public part and pg_database. Right: none.
SELECT r.rolname::pg_catalog.text
FROM pg_catalog.pg_roles r
JOIN pg_catalog.pg_shdescription c
  ON c.classoid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND c.objoid = r.oid
WHERE c.description ~ '^pg-restore-verify: made for pg_restore_verify_[0-9a-f]{32}$'
  AND NOT r.rolcanlogin
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_database d
      WHERE d.datname = pg_catalog.substring(c.description, 'pg_restore_verify_[0-9a-f]{32}$'))
  -- made before its database, which is about to be created
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_locks l
      WHERE l.locktype = 'advisory' AND l.objsubid = 1
        AND (l.classid::pg_catalog.int8 << 32 | l.objid::pg_catalog.int8)
            = pg_catalog.hashtextextended(
                  pg_catalog.substring(c.description, 'pg_restore_verify_[0-9a-f]{32}$'), 0));
