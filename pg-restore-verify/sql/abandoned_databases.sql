-- Which scratch databases are nobody's any more: their names are made by us (a random uuid,
-- version 4), their comments are ours or were not written yet, nobody holds their lock, and we
-- may drop them. The second column is the database whose place one was about to take, if whoever
-- made it might have closed that one: anybody with CREATEDB can make one that looks like ours.
-- Cost: one look at pg_database and pg_locks. Right: none.
SELECT d.datname::pg_catalog.text,
       (SELECT l.datname::pg_catalog.text FROM pg_catalog.pg_database l
        WHERE l.datname = pg_catalog.substring(c.description, '^pg-restore-verify: takes the place of (.*)$')
          AND l.datname NOT IN ('template0', 'template1')
          AND pg_catalog.pg_has_role(d.datdba, l.datdba, 'USAGE')) AS live
FROM pg_catalog.pg_database d
LEFT JOIN pg_catalog.pg_shdescription c
       ON c.classoid = 'pg_catalog.pg_database'::pg_catalog.regclass AND c.objoid = d.oid
WHERE d.datname ~ '^pg_restore_verify_[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$'
  AND (c.description IS NULL
       OR c.description = 'pg-restore-verify: a scratch database, dropped when it is proved'
       OR c.description ~ '^pg-restore-verify: takes the place of ')
  AND pg_catalog.pg_has_role(d.datdba, 'MEMBER')
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_locks l
      WHERE l.locktype = 'advisory' AND l.objsubid = 1
        AND (l.classid::pg_catalog.int8 << 32 | l.objid::pg_catalog.int8)
            = pg_catalog.hashtextextended(d.datname, 0));
