-- Does any session of the restore do something, other than wait for us or for another one, and when
-- did the last one begin or end a statement? In
-- the database $1, or in any where that is empty; CREATE DATABASE is at work in another one. Where
-- track_activities is off, no session's state is known, and each counts.
-- Cost: one look at the sessions. Right: none; of roles that are not ours nothing is seen.
SELECT coalesce(bool_or(state = 'disabled'
                        OR state = 'active'
                           AND coalesce(wait_event_type, '')
                               NOT IN ('Activity', 'Client', 'Extension', 'Lock', 'Timeout')), false) AS is_active,
       max(state_change)::pg_catalog.text AS last_change
FROM pg_catalog.pg_stat_activity
WHERE pid <> pg_catalog.pg_backend_pid()
  AND backend_type IN ('client backend', 'parallel worker')
  AND ($1 = '' OR datname = $1 OR pg_catalog.strpos(query, $1) > 0);
