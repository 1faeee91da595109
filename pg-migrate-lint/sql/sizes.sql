-- How great the tables are that migrations name: rows, bytes, partitions, writes so far, and since when.
-- $1 numbers what is asked for; beside it, in the order in which it is looked for: $2 the schemas, $3 the names of tables or indexes, $4 whether tables that inherit count too; $5 whether files may be
-- measured, for which each table is locked as by SELECT: one that is locked against that is left out.
-- Costs a look into the catalogue, and at the length of the files, for each table and partition; needs no right.
with recursive asked as materialized (
  select a.*
    from unnest($1::int4[], $2::text[], $3::text[], $4::bool[]) with ordinality as a(number, schema, name, descends, place)
), found as materialized (
  select distinct on (a.number) a.number, c.oid, c.relkind, a.descends or c.relkind = 'p' as descends
    from asked a
    join pg_catalog.pg_namespace n on n.nspname = a.schema
    join pg_catalog.pg_class x on x.relnamespace = n.oid and x.relname = a.name
    left join pg_catalog.pg_index i on i.indexrelid = x.oid
    join pg_catalog.pg_class c on c.oid = coalesce(i.indrelid, x.oid)
   where c.relkind in ('r', 'p', 'm', 'f', 'v')
   order by a.number, a.place
), elsewhere as (
  select o.number, (array_agg(distinct n.nspname::text))[1:3] as schemas
    from asked o
    join pg_catalog.pg_class c on c.relname = o.name and c.relkind in ('r', 'p', 'm', 'f', 'v', 'i', 'I')
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where not exists (select from found f where f.number = o.number)
   group by o.number
), tree as (
  select number, oid as relid, descends from found
   union
  select t.number, h.inhrelid, true
    from tree t join pg_catalog.pg_inherits h on h.inhparent = t.relid
   where t.descends
), locked as materialized (
  select l.relation
    from pg_catalog.pg_locks l
   where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock'
     and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
), leaves as materialized (
  select t.number, c.oid, c.relkind, c.reltoastrelid, c.reltuples::float8 as tuples, c.relpages as pages,
         (select count(*) from pg_catalog.pg_index i where i.indrelid = c.oid) as indexes,
         $5 and not exists (
           select from locked l
            where l.relation in (c.oid, c.reltoastrelid)
               or l.relation in (select i.indexrelid from pg_catalog.pg_index i where i.indrelid in (c.oid, c.reltoastrelid))
         ) as is_open
    from tree t join pg_catalog.pg_class c on c.oid = t.relid
   where c.relkind in ('r', 'm', 'f')
), measured as materialized (
  select l.*,
         case when l.relkind = 'f' then 0 when l.is_open then pg_catalog.pg_relation_size(l.oid) end as heap,
         case when l.relkind = 'f' then 0 when l.is_open then pg_catalog.pg_table_size(l.oid) end as bytes,
         case when l.relkind = 'f' then 0 when l.is_open then pg_catalog.pg_indexes_size(l.oid) end as index_bytes,
         pg_catalog.current_setting('block_size')::float8 as block
    from leaves l
), counted as (
  select m.*,
         case when m.relkind = 'f' then nullif(greatest(m.tuples, 0), 0)
              when m.heap is null then case when m.pages > 0 then m.tuples end
              when m.heap = 0 then 0
              -- Never analyzed: before 14 that is 0 rows in 0 pages, since then -1.
              when m.tuples < 0 or m.pages = 0 then null
              when m.tuples = 0 then case when m.heap <= m.pages * m.block then 0 end
              -- As the planner has it: so many to a page, and as many pages as there are now.
              else m.tuples / m.pages * (m.heap / m.block)
         end as rows
    from measured m
), summed as (
  select c.number,
         count(*) filter (where c.oid <> f.oid) as partitions,
         case when bool_and(c.rows is not null) then sum(c.rows) end as rows,
         -- A row takes 28 bytes of its page at the least.
         case when bool_and(c.heap is not null and c.relkind <> 'f') then sum(c.heap / c.block * ((c.block - 24) / 28)) end as most_rows,
         case when bool_and(c.heap is not null) then sum(c.heap) end as heap,
         case when bool_and(c.bytes is not null) then sum(c.bytes) end as bytes,
         case when bool_and(c.index_bytes is not null) then sum(c.index_bytes) end as index_bytes,
         case when bool_and(c.rows is not null) then sum(c.rows * c.indexes) end as index_rows,
         sum(pg_catalog.pg_stat_get_tuples_inserted(c.oid) + pg_catalog.pg_stat_get_tuples_updated(c.oid)
             + pg_catalog.pg_stat_get_tuples_deleted(c.oid)) as writes
    from counted c join found f on f.number = c.number
   group by c.number
)
select a.number,
       f.relkind::text as kind,
       f.descends,
       coalesce(s.partitions, 0)::int8 as partitions,
       round(s.rows)::int8 as rows,
       floor(s.most_rows)::int8 as most_rows,
       s.heap::int8 as heap,
       s.bytes::int8 as bytes,
       s.index_bytes::int8 as index_bytes,
       round(s.index_rows)::int8 as index_rows,
       -- A standby counts none of what it replays.
       case when not pg_catalog.pg_is_in_recovery() then s.writes::int8 end as writes,
       (select extract(epoch from clock_timestamp() - d.stats_reset)::float8
          from pg_catalog.pg_stat_database d
         where d.datname = pg_catalog.current_database()) as seconds,
       case when f.number is null then coalesce(e.schemas, '{}') end as elsewhere
  from (select distinct number from asked) a
  left join found f on f.number = a.number
  left join summed s on s.number = a.number
  left join elsewhere e on e.number = a.number
 order by a.number
