-- What Sqitch has tried and not deployed: the last event of each change was that it failed, or was reverted.
-- Try it by psql -v history=sqitch.events. Costs a read of the table; needs SELECT on it and USAGE on its schema.
select change as version,
       project as name,
       null::text as checksum,
       case event when 'fail' then 'failed' else 'rolled_back' end as state,
       to_char(committed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" AD') as applied_at,
       null::text as detail
  from (select distinct on (change_id) *
          from :history
         order by change_id, committed_at desc) as last
 where event in ('fail', 'revert')
 order by planned_at
