-- Whether the password of a role is another one: a digest of what is kept of it.
-- Costs: one pass over pg_authid. Needs SELECT on pg_authid, which superusers have; not asked of others.
select 'password of' as kind, r.rolname::text as name, coalesce(pg_catalog.md5(r.rolpassword), '') as what
from pg_catalog.pg_authid r
