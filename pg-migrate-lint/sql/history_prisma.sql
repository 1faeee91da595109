-- What Prisma Migrate has applied, failed to apply, or was told to take for rolled back; unresolved failures last.
-- Try it by psql -v history=_prisma_migrations. Costs a read of the table; needs SELECT on it and USAGE on its schema.
select migration_name as version,
       null::text as name,
       checksum,
       case when rolled_back_at is not null then 'rolled_back'
            when finished_at is null then 'failed'
            else 'applied' end as state,
       to_char(coalesce(rolled_back_at, finished_at, started_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" AD') as applied_at,
       substring(logs from 'ERROR: [^\n]*') as detail
  from :history
 order by finished_at is null and rolled_back_at is null, started_at
