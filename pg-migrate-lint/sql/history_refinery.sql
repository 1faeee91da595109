-- What refinery has applied.
-- Try it by psql -v history=refinery_schema_history. Costs a read of the table; needs SELECT on it and USAGE on its schema.
select version::text as version,
       name::text as name,
       checksum::text as checksum,
       'applied' as state,
       applied_on::text as applied_at,
       null::text as detail
  from :history
 order by version
