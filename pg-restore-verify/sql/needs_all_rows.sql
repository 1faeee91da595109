-- May something that is created after a table's own rows need those of others? A trigger on a
-- partitioned table fires for rows of its partitions, and a function of an extension may read the
-- extension's tables, whose rows a dump has.
-- Cost: a look at two small catalogues. Right: none.
SELECT EXISTS (SELECT FROM pg_catalog.pg_inherits)
    OR EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extconfig IS NOT NULL)
