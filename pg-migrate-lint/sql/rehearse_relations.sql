-- What relations there are, and which file each is in; how far WAL has come, also where there is no relation.
-- Costs: one pass over pg_class; reads no table. Needs no right.
select
    (pg_catalog.pg_current_wal_insert_lsn() - '0/0')::int8 as wal,
    pg_catalog.current_setting('TimeZone') as zone,
    c.oid as relation,
    null::text as mode,
    n.nspname::text as schema,
    c.relname::text as name,
    c.relkind::text as kind,
    c.relfilenode as file,
    null::bool as is_filled,
    0::int8 as scans,
    0::int8 as read,
    0::int8 as inserted,
    0::int8 as updated,
    0::int8 as deleted
from (select) one
left join (pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace)
    on c.oid >= 16384 and c.relkind in ('r', 'p', 'm', 'v', 'f', 'S', 'i', 'I') and n.nspname !~ '^pg_'
