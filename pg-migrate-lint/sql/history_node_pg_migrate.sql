-- What node-pg-migrate has applied.
-- Try it by psql -v history=pgmigrations. Costs a read of the table; needs SELECT on it and USAGE on its schema.
select name::text as version,
       null::text as name,
       null::text as checksum,
       'applied' as state,
       to_char(run_on::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" AD') as applied_at,
       null::text as detail
  from :history
 order by run_on, id
