-- How wide are the columns of large relations, how many are null, how many are different?
-- Costs: one look at pg_statistic. Needs: SELECT on pg_statistic (superuser; GRANT SELECT ON pg_statistic to a role).
-- Large is a relation with 1 MB or more, or with an index of that size; an index has statistics of its expressions.
WITH large AS (
    SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relpages >= 128
    UNION
    SELECT i.indrelid FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE c.relpages >= 128
)
SELECT s.starelid AS relation,
       s.staattnum AS number,
       s.stanullfrac::float8 AS null_ratio,
       s.stawidth AS width,
       s.stadistinct::float8 AS distinct_values
FROM pg_catalog.pg_statistic s
JOIN large ON large.oid = s.starelid
WHERE NOT s.stainherit;
