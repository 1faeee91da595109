-- What runners have applied that keep a version and nothing else: dbmate, pop, Rails, Supabase.
-- Try it by psql -v history=schema_migrations. Costs a read of the table; needs SELECT on it and USAGE on its schema.
select version::text as version,
       null::text as name,
       null::text as checksum,
       'applied' as state,
       null::text as applied_at,
       null::text as detail
  from :history
 order by version
