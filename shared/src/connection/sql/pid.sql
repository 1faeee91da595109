-- Which server process answers? Costs: nothing. Needs: no right.
select pg_catalog.pg_backend_pid()
