-- Whether pg_dump waits for a lock: it holds one on each table meanwhile, behind which others queue.
-- Costs a look at the sessions; needs no right, for it is a session of our own role.
select coalesce(pg_catalog.bool_or(wait_event_type = 'Lock'), false) as waits
from pg_catalog.pg_stat_activity
where application_name = $1 and pid <> pg_catalog.pg_backend_pid() and usename = current_user
