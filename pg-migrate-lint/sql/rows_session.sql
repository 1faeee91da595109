-- How values are written as text: alike in each session, whatever a database or a role has as its default.
-- Costs nothing; needs no right.
SET search_path = '';
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';
SET bytea_output = 'hex';
SET extra_float_digits = 1;
SET lc_monetary = 'C';
SET row_security = off;
