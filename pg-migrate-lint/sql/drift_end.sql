-- Ends pg_dump's session, and so lets go of its locks at once.
-- Costs a look at the sessions; needs no right, for it is a session of our own role.
select pg_catalog.count(pg_catalog.pg_terminate_backend(pid)) as ended
from pg_catalog.pg_stat_activity
where application_name = $1 and pid <> pg_catalog.pg_backend_pid() and usename = current_user
