-- Does the server load pg_stat_statements?
-- Costs: nothing. Needs: no right. One row if so, none otherwise.
SELECT true AS is_loaded
WHERE current_setting('pg_stat_statements.max', true) IS NOT NULL;
