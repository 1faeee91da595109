-- Who may do everything, who comes over the network without encryption, and how is the server set up against that?
-- Costs: one look at the roles and the sessions. Needs: no right; pg_read_all_stats to see where others come from.
-- As good as a superuser is who may become one, or run programs and write files as the server. Addresses of this very machine
-- are not the network.
SELECT 'setting' AS kind,
       s.name AS object,
       s.value,
       NULL::text AS detail,
       NULL::text AS risk,
       NULL::bigint AS count
-- One that is not for everybody is left out for who may not read it: asking for it is an error.
FROM (SELECT s.name, CASE WHEN s.name <> 'ssl_min_protocol_version' OR pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE')
                          THEN current_setting(s.name, true) END AS value
      FROM unnest(ARRAY['ssl', 'password_encryption', 'listen_addresses', 'ssl_min_protocol_version', 'log_connections',
                  'db_user_namespace', 'krb_caseins_users']) s (name)) s
WHERE s.value IS NOT NULL
UNION ALL
SELECT 'role', r.rolname::text, power.value, NULL,
       CASE WHEN power.value IN ('superuser', 'may become a superuser') THEN 'superuser' ELSE 'powerful' END,
       NULL
FROM pg_catalog.pg_roles r
CROSS JOIN LATERAL (
    SELECT CASE WHEN r.rolsuper THEN 'superuser'
                WHEN EXISTS (SELECT FROM pg_catalog.pg_roles s
                             WHERE s.rolsuper AND pg_catalog.pg_has_role(r.oid, s.oid, 'MEMBER')) THEN 'may become a superuser'
                WHEN pg_catalog.pg_has_role(r.oid, 'pg_execute_server_program', 'MEMBER') THEN 'runs programs on the server'
                WHEN pg_catalog.pg_has_role(r.oid, 'pg_write_server_files', 'MEMBER') THEN 'writes files on the server'
                WHEN pg_catalog.pg_has_role(r.oid, 'pg_read_server_files', 'MEMBER') THEN 'reads files on the server'
                WHEN r.rolcreaterole THEN 'CREATEROLE'
                WHEN r.rolbypassrls THEN 'BYPASSRLS'
                WHEN r.rolreplication THEN 'REPLICATION' END AS value
) power
WHERE r.rolcanlogin AND power.value IS NOT NULL
UNION ALL
SELECT 'session', pg_catalog.pg_get_userbyid(a.usesysid) || '@' || host(a.client_addr),
       (SELECT d.datname::text FROM pg_catalog.pg_database d WHERE d.oid = a.datid), NULL, 'unencrypted', count(*)
FROM pg_catalog.pg_stat_get_activity(NULL) a
WHERE a.backend_type IN ('client backend', 'walsender') AND NOT a.ssl AND NOT coalesce(a.gss_enc, false)
  AND a.client_addr IS NOT NULL AND NOT a.client_addr <<= inet '127.0.0.0/8' AND a.client_addr <> inet '::1'
  -- Whoever looks comes as he is told to.
  AND NOT (a.client_addr = coalesce(inet_client_addr(), inet '0.0.0.0') AND pg_catalog.pg_get_userbyid(a.usesysid) = current_user
           AND a.application_name = current_setting('application_name'))
GROUP BY a.usesysid, a.client_addr, a.datid
UNION ALL
SELECT 'hidden', 'sessions', NULL, 'pg_monitor shows them', NULL, count(*)
FROM pg_catalog.pg_stat_get_activity(NULL) a
WHERE a.backend_type IS NULL AND a.usesysid IS NOT NULL
HAVING count(*) > 0
ORDER BY kind, risk DESC NULLS LAST, object;
