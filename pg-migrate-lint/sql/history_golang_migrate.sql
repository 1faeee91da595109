-- The one version that golang-migrate keeps, and whether it broke off in it.
-- Try it by psql -v history=schema_migrations. Costs a read of the table; needs SELECT on it and USAGE on its schema.
select version::text as version,
       null::text as name,
       null::text as checksum,
       case when dirty then 'dirty' else 'applied' end as state,
       null::text as applied_at,
       null::text as detail
  from :history
 order by version
