-- What this transaction has locked as one who writes and is not of this database: relations that all databases share,
-- foreign tables. Who owns what (pg_shdepend) is noted there of every object. Run in the transaction.
-- Costs: one pass over pg_locks. Needs no right.
select c.relisshared as is_shared, c.relname::text as name, l.mode
from pg_catalog.pg_locks l
join pg_catalog.pg_class c on c.oid = l.relation
where l.pid = pg_catalog.pg_backend_pid()
    and l.locktype = 'relation'
    and l.granted
    and l.mode not in ('AccessShareLock', 'RowShareLock')
    and (c.relkind = 'f' or c.relisshared and c.relkind = 'r' and c.relname <> 'pg_shdepend')
