-- May a scratch database still have to be dropped: is it there, is it about to be created, or does a session
-- that was left behind hold its lock?
-- Cost: one look at pg_database, pg_locks and pg_stat_activity. Right: none (who created it sees the
-- statements of its own sessions).
SELECT EXISTS (
           SELECT FROM pg_catalog.pg_database d
           LEFT JOIN pg_catalog.pg_shdescription c
                  ON c.classoid = 'pg_catalog.pg_database'::pg_catalog.regclass AND c.objoid = d.oid
           WHERE d.datname = $1
             AND (c.description IS NULL
                  OR c.description = 'pg-restore-verify: a scratch database, dropped when it is proved'
                  OR c.description ~ '^pg-restore-verify: takes the place of '))
       OR EXISTS (
           SELECT FROM pg_catalog.pg_locks l
           WHERE l.locktype = 'advisory' AND l.objsubid = 1
             AND (l.classid::pg_catalog.int8 << 32 | l.objid::pg_catalog.int8)
                 = pg_catalog.hashtextextended($1, 0))
       OR EXISTS (
           SELECT FROM pg_catalog.pg_stat_activity s
           WHERE s.pid <> pg_catalog.pg_backend_pid()
             AND s.state <> 'idle'
             AND pg_catalog.strpos(s.query, $1) > 0);
