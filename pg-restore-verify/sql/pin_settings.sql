-- The settings that the text of values depends on, as pg_dump pins them; the time zone is ours.
-- A policy that would hide rows is an error.
-- Cost: none. Right: none.
SET search_path = '';
SET DateStyle = ISO;
SET IntervalStyle = postgres;
SET TimeZone = 'UTC';
SET extra_float_digits = 3;
SET xmlbinary = base64;
SET row_security = off;
SET statement_timeout = 0;
SET synchronize_seqscans = off;
