\set ON_ERROR_STOP on
\if :{?x}
ALTER TABLE :"t" ADD COLUMN c int DEFAULT :v;
\endif
COPY t (a, b) FROM stdin;
1	;
\.
SELECT 1;
