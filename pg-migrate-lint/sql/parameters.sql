-- Who may set what of the server's configuration, beside superusers. From 15 on.
-- Costs: one pass over pg_parameter_acl, which is small. Needs no right.
select p.parname::text as name,
    pg_catalog.string_agg(
        pg_catalog.format('GRANT %s TO %s%s', a.privilege_type,
            case a.grantee when 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(a.grantee)::text end,
            case when a.is_grantable then ' WITH GRANT OPTION' end),
        ', ' order by a.grantee, a.privilege_type) as grants
from pg_catalog.pg_parameter_acl p
cross join lateral pg_catalog.aclexplode(p.paracl) a
group by p.parname
