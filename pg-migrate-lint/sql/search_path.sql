-- The schemas in which names without one are looked for, in their order.
-- Costs nothing; needs no right.
select pg_catalog.current_schemas(false)::text[] as path
