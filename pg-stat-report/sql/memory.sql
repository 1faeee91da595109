-- How much memory has the server's machine, and how much its container may have?
-- Costs: three small files. Needs: superuser, or EXECUTE on pg_read_file.
-- Null where there are no such files: the machine is not one with Linux, or the kernel has no such limit.
SELECT pg_catalog.pg_read_file('/proc/meminfo', 0, 4096, true) AS machine,
       pg_catalog.pg_read_file('/sys/fs/cgroup/memory.max', 0, 100, true) AS container,
       pg_catalog.pg_read_file('/sys/fs/cgroup/memory/memory.limit_in_bytes', 0, 100, true) AS old_container;
