-- What sqlx has applied; success is false where a migration outside of a transaction broke off.
-- Try it by psql -v history=_sqlx_migrations. Costs a read of the table; needs SELECT on it and USAGE on its schema.
select version::text as version,
       null::text as name,
       encode(checksum, 'hex') as checksum,
       case when success then 'applied' else 'failed' end as state,
       to_char(installed_on at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" AD') as applied_at,
       null::text as detail
  from :history
 order by version
