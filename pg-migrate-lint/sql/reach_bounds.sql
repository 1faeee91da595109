-- What statements in this database can reach beyond it: its own name, the relations that all databases share, foreign
-- tables, functions of the server that not everybody may call, languages whose code may do anything, and the code of
-- functions that are there.
-- Costs: one pass each over pg_class, pg_proc, pg_language. Needs no right.
select 'database' as kind, ''::text as schema, pg_catalog.current_database()::text as name, ''::text as code
union all
select 'shared', '', c.relname, ''
from pg_catalog.pg_class c
where c.relisshared
union all
select 'foreign', n.nspname, c.relname, ''
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'f'
union all
select 'reserved', '', p.proname, ''
from pg_catalog.pg_proc p
where p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
    and p.proacl is not null
    and not exists (select from pg_catalog.aclexplode(p.proacl) a where a.grantee = 0)
union all
select 'untrusted', '', l.lanname, ''
from pg_catalog.pg_language l
where not l.lanpltrusted and l.lanname not in ('internal', 'c')
union all
select 'function', n.nspname, p.proname, pg_catalog.pg_get_functiondef(p.oid)
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
where p.prokind in ('f', 'p')
    and n.nspname not in ('pg_catalog', 'information_schema')
    and (l.lanname in ('sql', 'plpgsql') or not l.lanpltrusted and l.lanname not in ('internal', 'c'))
