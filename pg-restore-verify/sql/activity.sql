-- Does any session of the restore do something, other than wait for us or for another one? In
-- the database $1, or in any where that is empty.
-- Cost: one look at the sessions. Right: none; of roles that are not ours nothing is seen.
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_stat_activity
    WHERE pid <> pg_catalog.pg_backend_pid()
      AND backend_type IN ('client backend', 'parallel worker')
      AND state = 'active'
      AND coalesce(wait_event_type, '') NOT IN ('Activity', 'Client', 'Extension', 'Lock', 'Timeout')
      AND ($1 = '' OR datname = $1));
