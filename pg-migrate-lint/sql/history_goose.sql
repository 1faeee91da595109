-- What goose has applied and taken back, in the order in which it did.
-- Try it by psql -v history=goose_db_version. Costs a read of the table; needs SELECT on it and USAGE on its schema.
select version_id::text as version,
       null::text as name,
       null::text as checksum,
       case when is_applied then 'applied' else 'rolled_back' end as state,
       to_char(tstamp::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" AD') as applied_at,
       null::text as detail
  from :history
 where version_id > 0
 order by id
