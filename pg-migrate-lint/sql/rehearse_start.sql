-- How far WAL has come, and the session's time zone, before the first statement of a transaction.
-- Costs: nothing. Needs no right.
select (pg_catalog.pg_current_wal_insert_lsn() - '0/0')::int8 as wal, pg_catalog.current_setting('TimeZone') as zone
