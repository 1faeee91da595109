-- What does pg_dump leave out for this role, and what could end it on a standby? And which versions of extensions
-- are there, which no dump says?
-- $1: whether the large objects are to be dumped.
-- Cost: a few rows of small catalogs, and one pass over pg_largeobject_metadata. Right: none.
SELECT r.rolname::text AS role,
       pg_catalog.pg_is_in_recovery() AS is_standby,
       -- only a superuser may read how a subscription connects
       ARRAY(SELECT s.subname::text
               FROM pg_catalog.pg_subscription AS s
               JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid
              WHERE d.datname = pg_catalog.current_database() AND NOT r.rolsuper
              ORDER BY s.subname) AS subscriptions,
       -- the conditions under which pg_user_mappings shows the options, passwords among them
       ARRAY(SELECT DISTINCT m.srvname::text
               FROM pg_catalog.pg_user_mappings AS m
               JOIN pg_catalog.pg_foreign_server AS f ON f.oid = m.srvid
              WHERE m.umoptions IS NULL
                AND NOT (r.rolsuper
                         OR m.umuser = 0 AND pg_catalog.pg_has_role(f.srvowner, 'USAGE')
                         OR m.usename = current_user
                            AND (pg_catalog.pg_has_role(f.srvowner, 'USAGE')
                                 OR pg_catalog.has_server_privilege(f.oid, 'USAGE')))
              ORDER BY 1) AS servers_of_hidden_mappings,
       -- each name, and its version in the other list; plpgsql is in every database from its beginning
       ARRAY(SELECT e.extname::text FROM pg_catalog.pg_extension AS e
              WHERE e.oid >= 16384 ORDER BY e.extname) AS extensions,
       ARRAY(SELECT e.extversion FROM pg_catalog.pg_extension AS e
              WHERE e.oid >= 16384 ORDER BY e.extname) AS extension_versions,
       l.count AS hidden_large_objects,
       l.first AS first_hidden_large_object,
       pg_catalog.current_setting('max_standby_streaming_delay') AS max_standby_streaming_delay,
       pg_catalog.current_setting('hot_standby_feedback') AS hot_standby_feedback
  FROM pg_catalog.pg_roles AS r
 CROSS JOIN LATERAL (
       -- has_largeobject_privilege is not there before PostgreSQL 18
       SELECT coalesce(pg_catalog.sum(g.count), 0)::pg_catalog.int8 AS count, pg_catalog.min(g.first) AS first
         FROM (SELECT m.lomowner, m.lomacl::text AS acl, pg_catalog.count(*) AS count, pg_catalog.min(m.oid) AS first
                 FROM pg_catalog.pg_largeobject_metadata AS m
                WHERE $1::pg_catalog.bool AND NOT r.rolsuper
                  AND pg_catalog.current_setting('lo_compat_privileges') = 'off'
                GROUP BY m.lomowner, m.lomacl::text) AS g
        WHERE NOT EXISTS (
              SELECT
                FROM pg_catalog.aclexplode(coalesce(g.acl::pg_catalog.aclitem[], pg_catalog.acldefault('L', g.lomowner))) AS a
               WHERE a.privilege_type = 'SELECT'
                 AND (a.grantee = 0 OR pg_catalog.pg_has_role(a.grantee, 'USAGE')))) AS l
 WHERE r.rolname = current_user
