-- What this session has done to rows of relations in counters that it has not handed on: earlier transactions are among
-- it. Run in a transaction, before its first statement.
-- Costs: one pass over pg_class; reads no table. Needs no right.
select
    c.oid as relation,
    pg_catalog.pg_stat_get_xact_numscans(c.oid) as scans,
    pg_catalog.pg_stat_get_xact_tuples_returned(c.oid) as read,
    pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) as inserted,
    pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) as updated,
    pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) as deleted
from pg_catalog.pg_class c
where c.oid >= 16384
    and c.relkind in ('r', 'p', 'm')
    and (
        pg_catalog.pg_stat_get_xact_numscans(c.oid) > 0
        or pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) > 0
        or pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) > 0
        or pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) > 0
    )
