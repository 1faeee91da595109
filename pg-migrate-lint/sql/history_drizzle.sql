-- What Drizzle has applied: a hash of each file, and the time that its journal gives it. From 1.0 on the name too.
-- Try it by psql -v history=drizzle.__drizzle_migrations. Costs a read of the table; needs SELECT on it and USAGE on its schema.
select coalesce(created_at, 0)::text as version,
       to_jsonb(h) ->> 'name' as name,
       hash as checksum,
       'applied' as state,
       to_jsonb(h) ->> 'applied_at' as applied_at,
       null::text as detail
  from :history h
 order by created_at, id
