-- What is in the folder of WAL, and what of it waits to be archived?
-- Costs: a look at each file's size. Needs: pg_monitor.
SELECT (SELECT sum(size)::bigint FROM pg_catalog.pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$') AS directory_bytes,
       (SELECT count(*) FROM pg_catalog.pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$') AS files,
       (SELECT count(*) FROM pg_catalog.pg_ls_archive_statusdir() WHERE name ~ '\.ready$') AS ready_files;
