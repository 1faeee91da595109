-- What is set for single roles and databases only?
-- Costs: one look at a small catalogue. Needs: no right.
-- What ALTER ROLE ALL SET says has neither role nor database.
SELECT 'setting' AS kind,
       r.rolname::text AS role,
       d.datname::text AS database,
       split_part(entry.said, '=', 1) AS name,
       substr(entry.said, strpos(entry.said, '=') + 1) AS setting,
       NULL::text AS file,
       NULL::int AS line,
       NULL::text AS detail
FROM pg_catalog.pg_db_role_setting s
CROSS JOIN LATERAL unnest(s.setconfig) entry(said)
LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
WHERE (s.setrole = 0 OR r.oid IS NOT NULL) AND (s.setdatabase = 0 OR d.oid IS NOT NULL)
ORDER BY role, database, name;
