-- How many rows does this table have, and how long are they?
-- Costs: reads the pages that are not all visible. Needs: the extension pgstattuple, in {schema}, and pg_stat_scan_tables.
SELECT t.table_len AS bytes,
       t.approx_tuple_count::float8 AS rows,
       t.approx_tuple_len::float8 AS rows_bytes
FROM {schema}.pgstattuple_approx({relation}) t;
