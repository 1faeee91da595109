-- How full are the pages of this B-tree?
-- Costs: reads it whole. Needs: the extension pgstattuple, in {schema}, and pg_stat_scan_tables.
SELECT i.index_size AS bytes,
       i.internal_pages,
       i.leaf_pages,
       CASE WHEN i.leaf_pages > 0 THEN i.avg_leaf_density / 100 END AS density
FROM {schema}.pgstatindex({relation}::regclass) i;
