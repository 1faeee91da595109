-- What another session holds or waits for at the moment ($1: its pid), for statements that refuse a transaction.
-- Costs: one pass over pg_locks; asked many times while such a statement runs. Needs no right.
select
    l.relation,
    l.mode,
    l.granted,
    n.nspname::text as schema,
    c.relname::text as name,
    c.relkind::text as kind
from pg_catalog.pg_locks l
join pg_catalog.pg_class c on c.oid = l.relation
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where l.pid = $1
    and l.locktype = 'relation'
    and l.relation >= 16384
    and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
    and n.nspname !~ '^pg_'
