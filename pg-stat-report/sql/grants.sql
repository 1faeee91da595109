-- What may everybody do here, and what runs with the rights of another?
-- Costs: one look at the rights of schemas, relations and functions. Needs: no right.
-- What extensions own is theirs; what has an oid below 16384 came with the server. A function that runs with its owner's rights and has no search_path of its own
-- can be made to call what its caller has put there. Lines "with" are left out where the database has no such thing (there.sql).
WITH owned AS (
    SELECT d.classid, d.objid FROM pg_catalog.pg_depend d WHERE d.deptype = 'e'
), own AS MATERIALIZED (
    SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
)
SELECT current_database()::text AS database,
       g.kind, g.object, g.privileges, g.owner
FROM (
    SELECT 'schema_create' AS kind, quote_ident(n.nspname) AS object, 'CREATE' AS privileges,
           pg_catalog.pg_get_userbyid(n.nspowner)::text AS owner
    FROM pg_catalog.pg_namespace n
    WHERE EXISTS (SELECT FROM pg_catalog.aclexplode(n.nspacl) a WHERE a.grantee = 0 AND a.privilege_type = 'CREATE')
    -- with public grants:
    UNION ALL
    SELECT 'table_grant', quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.privileges,
           pg_catalog.pg_get_userbyid(c.relowner)::text
    FROM pg_catalog.pg_class c
    JOIN own n ON n.oid = c.relnamespace
    CROSS JOIN LATERAL (
        SELECT string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type) AS privileges
        FROM pg_catalog.aclexplode(c.relacl) a WHERE a.grantee = 0) a
    WHERE c.relacl IS NOT NULL AND a.privileges IS NOT NULL AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      -- The rights on the system's own are not even taken apart.
      AND c.relnamespace = ANY (ARRAY(SELECT own.oid FROM own))
      AND NOT EXISTS (SELECT FROM owned WHERE owned.classid = 'pg_catalog.pg_class'::regclass AND owned.objid = c.oid)
    -- with definer functions:
    UNION ALL
    SELECT 'definer_function', p.oid::regprocedure::text,
           CASE WHEN EXISTS (SELECT FROM pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
                             WHERE a.grantee = 0) THEN 'EXECUTE' END,
           pg_catalog.pg_get_userbyid(p.proowner)::text
    FROM pg_catalog.pg_proc p
    WHERE p.oid >= 16384 AND p.prosecdef AND p.pronamespace = ANY (ARRAY(SELECT own.oid FROM own))
      AND NOT EXISTS (SELECT FROM unnest(p.proconfig) setting WHERE setting LIKE 'search_path=%')
      AND NOT EXISTS (SELECT FROM owned WHERE owned.classid = 'pg_catalog.pg_proc'::regclass AND owned.objid = p.oid)
    -- with policies:
    UNION ALL
    SELECT 'policies_off', quote_ident(n.nspname) || '.' || quote_ident(c.relname), NULL,
           pg_catalog.pg_get_userbyid(c.relowner)::text
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT c.relrowsecurity AND c.relkind IN ('r', 'p')
      AND c.oid = ANY (ARRAY(SELECT polrelid FROM pg_catalog.pg_policy))
    -- in any case:
) g
ORDER BY g.kind, g.object;
