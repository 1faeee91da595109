-- The settings that the text of rows depends on, as pg_dump makes them, and no limit on the time
-- that this transaction may rest while pg_dump works. (transaction_timeout is there from 17.)
-- Cost: none. Right: none.
SET LOCAL DateStyle = ISO;
SET LOCAL IntervalStyle = postgres;
SET LOCAL extra_float_digits = 3;
SET LOCAL synchronize_seqscans = off;
SET LOCAL row_security = off;
SET LOCAL idle_in_transaction_session_timeout = 0;
SELECT pg_catalog.set_config('transaction_timeout', '0', true)
  FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout';
