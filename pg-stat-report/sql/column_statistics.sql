-- How wide are the columns of these relations, how many are null, how many are different?
-- Costs: a look at the statistics of each. Needs: SELECT on pg_statistic (superuser; GRANT SELECT ON pg_statistic to a role).
-- An index has statistics of its expressions.
SELECT s.starelid AS relation,
       s.staattnum AS number,
       s.stanullfrac::float8 AS null_ratio,
       s.stawidth AS width,
       s.stadistinct::float8 AS distinct_values
FROM pg_catalog.pg_statistic s
WHERE NOT s.stainherit AND s.starelid = ANY ({relations}::oid[]);
