-- The table that a name ($1) means, if it is one that has rows of its own or partitions that have.
-- Costs: a look into the catalogue. Needs no right.
select n.nspname::text as schema, c.relname::text as name
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = pg_catalog.to_regclass($1) and c.relkind in ('r', 'p') and n.nspname !~ '^pg_'
