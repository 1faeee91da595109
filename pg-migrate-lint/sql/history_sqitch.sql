-- What Sqitch has deployed, each change with its project, in the order in which it did.
-- Try it by psql -v history=sqitch.changes. Costs a read of the table; needs SELECT on it and USAGE on its schema.
select change as version,
       project as name,
       nullif(script_hash, change_id) as checksum,
       'applied' as state,
       to_char(committed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" AD') as applied_at,
       null::text as detail
  from :history
 order by planned_at, committed_at
