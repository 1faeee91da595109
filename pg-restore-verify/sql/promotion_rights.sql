-- Which right do we lack to put another database in the place of $1? Those for its settings, its
-- grants and its comment show when all that is rehearsed.
-- Cost: one look at the sessions. Right: none.
WITH me AS (
    SELECT r.rolsuper, r.rolcreatedb, r.rolname::pg_catalog.text AS name
    FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
), way AS (
    -- 16 tells from membership alone whether one may become the role.
    SELECT CASE WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 160000
                THEN 'SET' ELSE 'MEMBER' END AS becoming
)
SELECT me.name,
       me.rolsuper OR me.rolcreatedb AS may_create,
       pg_catalog.pg_get_userbyid(d.datdba)::pg_catalog.text AS owner,
       pg_catalog.pg_has_role(d.datdba, 'USAGE')
           AND pg_catalog.pg_has_role(d.datdba, way.becoming) AS owns,
       -- What another role has granted only that one can grant again.
       (SELECT pg_catalog.string_agg(DISTINCT pg_catalog.pg_get_userbyid(a.grantor)::pg_catalog.text, ', ')
        FROM pg_catalog.aclexplode(d.datacl) a
        WHERE a.grantor <> d.datdba
          AND NOT pg_catalog.pg_has_role(a.grantor, way.becoming)) AS grantors,
       (SELECT pg_catalog.quote_ident(t.spcname) FROM pg_catalog.pg_tablespace t
        WHERE t.oid = d.dattablespace
          -- The one that CREATE DATABASE takes by itself needs none.
          AND t.oid <> (SELECT z.dattablespace FROM pg_catalog.pg_database z
                        WHERE z.datname = 'template0')
          AND NOT pg_catalog.has_tablespace_privilege(t.oid, 'CREATE')) AS tablespace,
       (SELECT pg_catalog.string_agg(DISTINCT coalesce(r.rolname::pg_catalog.text, a.usesysid::pg_catalog.text), ', ')
        FROM pg_catalog.pg_stat_activity a
        LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
        -- An autovacuum worker is nobody's, and ended by the renaming itself.
        WHERE a.datname = d.datname AND a.pid <> pg_catalog.pg_backend_pid()
          AND a.usesysid IS NOT NULL AND NOT me.rolsuper
          AND (coalesce(r.rolsuper, false)
               OR NOT pg_catalog.pg_has_role(a.usesysid, 'USAGE')
                  AND NOT pg_catalog.pg_has_role('pg_signal_backend', 'USAGE'))) AS sessions
FROM me, way
LEFT JOIN pg_catalog.pg_database d ON d.datname = $1;
