-- What is said of this database as a whole, of roles, tablespaces, subscriptions, slots and the server's configuration,
-- line by line: what a migration may leave there although all objects within the database are as they were.
-- Reads catalogues only; needs a superuser, for the file of ALTER SYSTEM and for subscriptions.
WITH databases AS (
    SELECT *, CASE WHEN datname = pg_catalog.current_database() THEN 'DATABASE' ELSE 'DATABASE ' || datname END AS object
    FROM pg_catalog.pg_database
    -- Other states of the same one.
    WHERE datname = pg_catalog.current_database() OR datname !~ '^migrated_[0-9]+$'
),
here AS (SELECT * FROM databases WHERE datname = pg_catalog.current_database()),
roles AS (SELECT * FROM pg_catalog.pg_authid WHERE rolname !~ '^pg_'),
settings AS (
    SELECT s.setdatabase, r.rolname, pg_catalog.regexp_replace(c, '=', ' = ') AS words
    FROM pg_catalog.pg_db_role_setting s
        CROSS JOIN pg_catalog.unnest(s.setconfig) AS c
        LEFT JOIN pg_catalog.pg_authid r ON r.oid = s.setrole
)
SELECT h.object::text AS object, l.line::text AS line
FROM databases h, LATERAL (VALUES
    ('OWNER ' || pg_catalog.pg_get_userbyid(h.datdba)), ('CONNECTION LIMIT ' || h.datconnlimit),
    ('ALLOW_CONNECTIONS ' || h.datallowconn), ('IS_TEMPLATE ' || h.datistemplate)) AS l (line)
UNION ALL
SELECT h.object, 'GRANT ' || a.privilege_type || ' TO ' || CASE a.grantee WHEN 0 THEN 'PUBLIC'
        ELSE pg_catalog.pg_get_userbyid(a.grantee)::text END || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
FROM databases h, pg_catalog.aclexplode(coalesce(h.datacl, pg_catalog.acldefault('d', h.datdba))) AS a
UNION ALL
SELECT h.object, 'COMMENT ' || d.description
FROM databases h JOIN pg_catalog.pg_shdescription d
    ON d.objoid = h.oid AND d.classoid = 'pg_catalog.pg_database'::pg_catalog.regclass
UNION ALL
SELECT h.object, coalesce('ROLE ' || s.rolname || ' ', '') || 'SET ' || s.words
FROM databases h JOIN settings s ON s.setdatabase = h.oid
UNION ALL
SELECT 'ROLE ' || r.rolname, l.line
FROM roles r, LATERAL (VALUES
    ('CREATE ROLE'), (CASE WHEN r.rolsuper THEN 'SUPERUSER' END), (CASE WHEN NOT r.rolinherit THEN 'NOINHERIT' END),
    (CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END), (CASE WHEN r.rolcreatedb THEN 'CREATEDB' END),
    (CASE WHEN r.rolcanlogin THEN 'LOGIN' END), (CASE WHEN r.rolreplication THEN 'REPLICATION' END),
    (CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END), (CASE WHEN r.rolpassword IS NOT NULL THEN 'PASSWORD' END),
    (CASE WHEN r.rolconnlimit <> -1 THEN 'CONNECTION LIMIT ' || r.rolconnlimit END),
    ('VALID UNTIL ' || r.rolvaliduntil)) AS l (line)
WHERE l.line IS NOT NULL
UNION ALL
SELECT 'ROLE ' || s.rolname, 'SET ' || s.words FROM settings s WHERE s.setdatabase = 0 AND s.rolname IS NOT NULL
UNION ALL
SELECT 'ROLE ALL', 'SET ' || s.words FROM settings s WHERE s.setdatabase = 0 AND s.rolname IS NULL
UNION ALL
SELECT 'ROLE ' || r.rolname, 'MEMBER OF ' || pg_catalog.pg_get_userbyid(m.roleid)
    || CASE WHEN m.admin_option THEN ' WITH ADMIN OPTION' ELSE '' END
    -- From 16 on.
    || coalesce(' INHERIT ' || (pg_catalog.to_jsonb(m) ->> 'inherit_option') || ' SET ' || (pg_catalog.to_jsonb(m) ->> 'set_option'), '')
FROM pg_catalog.pg_auth_members m JOIN roles r ON r.oid = m.member
UNION ALL
SELECT 'ROLE ' || r.rolname, 'COMMENT ' || d.description
FROM roles r JOIN pg_catalog.pg_shdescription d
    ON d.objoid = r.oid AND d.classoid = 'pg_catalog.pg_authid'::pg_catalog.regclass
UNION ALL
SELECT 'TABLESPACE ' || t.spcname, l.line
FROM pg_catalog.pg_tablespace t CROSS JOIN LATERAL (
    SELECT 'OWNER ' || pg_catalog.pg_get_userbyid(t.spcowner)
    UNION ALL SELECT 'SET ' || o FROM pg_catalog.unnest(t.spcoptions) AS o
    UNION ALL SELECT 'GRANT ' || a::text FROM pg_catalog.unnest(t.spcacl) AS a
) AS l (line)
UNION ALL
SELECT 'SYSTEM', 'SET ' || f.name || ' = ' || f.setting
FROM pg_catalog.pg_file_settings f WHERE f.sourcefile ~ 'postgresql\.auto\.conf$' AND f.name IS NOT NULL
UNION ALL
SELECT 'SUBSCRIPTION ' || s.subname, CASE WHEN s.subenabled THEN 'ENABLED' ELSE 'DISABLED' END
    || ', PUBLICATION ' || pg_catalog.array_to_string(s.subpublications, ', ')
FROM here h JOIN pg_catalog.pg_subscription s ON s.subdbid = h.oid
UNION ALL
SELECT 'REPLICATION SLOT ' || s.slot_name, s.slot_type
FROM pg_catalog.pg_replication_slots s
WHERE NOT s.temporary AND (s.database IS NULL OR s.database = pg_catalog.current_database())
UNION ALL
SELECT 'REPLICATION ORIGIN ' || o.roname, 'CREATED' FROM pg_catalog.pg_replication_origin o WHERE o.roname !~ '^pg_'
UNION ALL
SELECT 'PREPARED TRANSACTION ' || p.gid, 'PREPARED'
FROM pg_catalog.pg_prepared_xacts p WHERE p.database = pg_catalog.current_database()
