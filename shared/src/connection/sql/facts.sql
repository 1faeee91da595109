-- What is this server, and was its process started for us?
-- Costs: nothing that can be measured. Needs: no right.
select pg_catalog.current_setting('server_version_num')::pg_catalog.int4 as version_num,
       pg_catalog.pg_is_in_recovery() as in_recovery,
       pg_catalog.current_setting('default_transaction_read_only') operator(pg_catalog.=) 'on' as read_only,
       pg_catalog.current_setting($1, true) as mark,
       pg_catalog.pg_backend_pid() as pid
