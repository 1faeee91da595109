-- A session of our own beside that of a migration: settings that it has given the database or its role are not ours.
-- Costs: nothing. Needs no right.
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET default_transaction_read_only = off
