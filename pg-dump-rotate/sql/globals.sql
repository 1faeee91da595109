-- Whether the passwords of the roles may be read, which pg_dumpall does unless told not to.
-- Costs nothing; needs no right.
SELECT pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT') AS reads_passwords
