-- What graphile-migrate has applied.
-- Try it by psql -v history=graphile_migrate.migrations. Costs a read of the table; needs SELECT on it and USAGE on its schema.
select filename::text as version,
       null::text as name,
       hash::text as checksum,
       'applied' as state,
       to_char(date at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" AD') as applied_at,
       null::text as detail
  from :history
 order by filename
