-- What the transaction holds after a statement: its locks on relations, which file each of them is in now, whether that
-- (of an index: its table) has anything in it, and what was done to the rows. Run in the transaction of the statement; reads no table.
-- Costs: one pass over pg_locks, and the size of each locked relation's file. Needs no right.
select
    (pg_catalog.pg_current_wal_insert_lsn() - '0/0')::int8 as wal,
    pg_catalog.current_setting('TimeZone') as zone,
    l.relation,
    l.mode,
    n.nspname::text as schema,
    c.relname::text as name,
    c.relkind::text as kind,
    c.relfilenode as file,
    case
        when c.relkind in ('r', 'm') then pg_catalog.pg_relation_size(c.oid) > 0
        -- An index of nothing has a page of its own.
        when c.relkind = 'i' then (
            select pg_catalog.pg_relation_size(i.indrelid) > 0 from pg_catalog.pg_index i where i.indexrelid = c.oid
        )
    end as is_filled,
    coalesce(pg_catalog.pg_stat_get_xact_numscans(l.relation), 0) as scans,
    coalesce(pg_catalog.pg_stat_get_xact_tuples_returned(l.relation), 0) as read,
    coalesce(pg_catalog.pg_stat_get_xact_tuples_inserted(l.relation), 0) as inserted,
    coalesce(pg_catalog.pg_stat_get_xact_tuples_updated(l.relation), 0) as updated,
    coalesce(pg_catalog.pg_stat_get_xact_tuples_deleted(l.relation), 0) as deleted
from (select) one
left join pg_catalog.pg_locks l
    on l.pid = pg_catalog.pg_backend_pid() and l.locktype = 'relation' and l.granted and l.relation >= 16384
left join pg_catalog.pg_class c on c.oid = l.relation
left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
