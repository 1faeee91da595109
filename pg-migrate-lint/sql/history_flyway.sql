-- What Flyway has done, in the order in which it did; a script that repeats has no version, and what is no SQL no file.
-- Try it by psql -v history=flyway_schema_history. Costs a read of the table; needs SELECT on it and USAGE on its schema.
select version::text as version,
       description::text as name,
       checksum::text as checksum,
       case when not success then 'failed'
            when type in ('BASELINE', 'SQL_BASELINE') then 'baseline'
            when type = 'DELETE' or type like 'UNDO%' then 'rolled_back'
            when type <> 'SQL' then 'foreign'
            else 'applied' end as state,
       to_char(installed_on::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" AD') as applied_at,
       null::text as detail
  from :history
 order by installed_rank
