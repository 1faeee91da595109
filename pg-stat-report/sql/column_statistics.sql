-- How wide are the columns of large relations, how many are null, how many are different?
-- Costs: one look at pg_statistic. Needs: SELECT on pg_statistic (superuser; GRANT SELECT ON pg_statistic to a role).
-- Large is a relation with 1 MB or more, or with an index of that size; an index has statistics of its expressions.
WITH class AS MATERIALIZED (
    SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'm', 'i') AND c.relpages >= 128
), large AS (
    SELECT class.oid FROM class
    UNION
    SELECT i.indrelid FROM pg_catalog.pg_index i WHERE i.indexrelid = ANY (ARRAY(SELECT class.oid FROM class))
)
SELECT s.starelid AS relation,
       s.staattnum AS number,
       s.stanullfrac::float8 AS null_ratio,
       s.stawidth AS width,
       s.stadistinct::float8 AS distinct_values
FROM pg_catalog.pg_statistic s
WHERE NOT s.stainherit AND s.starelid = ANY (ARRAY(SELECT large.oid FROM large));
