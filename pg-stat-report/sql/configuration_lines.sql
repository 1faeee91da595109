-- What do the configuration files say, as they are now?
-- Costs: reads these files. Needs: superuser, or EXECUTE on pg_show_all_file_settings().
-- Where a line can't be taken, or a setting is not as its last line says, configuration_files.sql tells what is wrong.
SELECT f.name, f.setting, f.error IS NOT NULL AS is_error
FROM pg_catalog.pg_show_all_file_settings() f
ORDER BY f.seqno;
