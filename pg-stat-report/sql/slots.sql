-- What do replication slots hold back, and are they still good for anything?
-- Costs: one look at the slots. Needs: no right.
-- A slot without restart_lsn holds no WAL back: it is new, or it was lost.
SELECT s.slot_name::text AS slot,
       s.slot_type AS type,
       s.plugin::text AS plugin,
       s.database::text AS database,
       s.active AS is_active,
       s.active_pid,
       s.temporary AS is_temporary,
       s.wal_status,
       pg_catalog.pg_wal_lsn_diff(here.lsn, s.restart_lsn)::bigint AS retained_bytes,
       s.safe_wal_size AS safe_wal_bytes,
       pg_catalog.pg_wal_lsn_diff(here.lsn, s.confirmed_flush_lsn)::bigint AS unconfirmed_bytes,
       CASE WHEN s.wal_status IS DISTINCT FROM 'lost' THEN age(s.xmin) END AS xmin_age,
       CASE WHEN s.wal_status IS DISTINCT FROM 'lost' THEN age(s.catalog_xmin) END AS catalog_xmin_age,
       NULL::timestamptz AS inactive_since, -- before 17
       -- since 17: s.inactive_since,
       NULL::float8 AS inactive_seconds, -- before 17
       -- since 17: extract(epoch FROM clock_timestamp() - s.inactive_since)::float8 AS inactive_seconds,
       NULL::text AS invalidation, -- before 16
       -- since 16: CASE WHEN s.conflicting THEN 'conflicting' END AS invalidation, -- before 17
       -- since 17: s.invalidation_reason AS invalidation,
       NULL::bool AS is_synced -- before 17
       -- since 17: s.synced AS is_synced
FROM pg_catalog.pg_replication_slots s
CROSS JOIN (SELECT CASE WHEN pg_catalog.pg_is_in_recovery()
                        THEN coalesce(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())
                        ELSE pg_catalog.pg_current_wal_lsn() END AS lsn) here
ORDER BY retained_bytes DESC NULLS LAST, slot;
