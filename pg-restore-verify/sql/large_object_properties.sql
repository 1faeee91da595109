-- Owner, comment and rights of every large object: a row for each right of each role, one with
-- nulls where nobody has any. Costs a scan of pg_largeobject_metadata. Needs no right.
SELECT m.oid,
       pg_catalog.pg_get_userbyid(m.lomowner)::pg_catalog.text AS owner,
       pg_catalog.obj_description(m.oid, 'pg_largeobject') AS comment,
       CASE r.grantee
           WHEN 0 THEN 'public'
           ELSE pg_catalog.pg_get_userbyid(r.grantee)::pg_catalog.text
       END AS grantee,
       r.privilege_type AS privilege,
       pg_catalog.bool_or(r.is_grantable) AS grantable
FROM pg_catalog.pg_largeobject_metadata AS m
LEFT JOIN LATERAL pg_catalog.aclexplode(
    coalesce(m.lomacl, pg_catalog.acldefault('L', m.lomowner))
) AS r ON true
GROUP BY m.oid, m.lomowner, r.grantee, r.privilege_type
ORDER BY m.oid
