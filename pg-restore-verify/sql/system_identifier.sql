-- Which cluster this is, whatever its address: initdb gives each its own number.
-- Costs the reading of one small file; needs EXECUTE on pg_control_system.
SELECT system_identifier::text FROM pg_catalog.pg_control_system()
