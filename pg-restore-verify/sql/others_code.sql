-- Would reading the tables of this database run functions of roles that are no superusers, as a superuser?
-- Planning a query calls those of index expressions, whatever the query asks for. Those in C and
-- the server's own are made by superusers only.
-- Cost: reads pg_proc once. Right: none.
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
    WHERE p.oid >= 16384
      AND l.lanname NOT IN ('c', 'internal')
      AND NOT r.rolsuper
) AND pg_catalog.current_setting('is_superuser') = 'on' AS runs_others_code;
