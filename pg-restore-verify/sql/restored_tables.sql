-- Which tables were restored, and how many blocks has each that can be read in ranges of blocks?
-- Cost: one look at each table's file size. Right: none.
SELECT n.nspname::text,
       c.relname::text,
       c.relkind = 'p' AS partitioned,
       -- ranges of ctid are scanned as ranges from 14 on, and only by the heap
       CASE WHEN c.relkind IN ('r', 'm')
             AND a.amname = 'heap'
             AND pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 140000
            THEN pg_catalog.pg_relation_size(c.oid) / b.bytes
       END AS blocks,
       b.bytes AS block_bytes,
       c.relkind = 'r' AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_depend d
           WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
       ) AS is_dumped
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::pg_catalog.int8) b (bytes)
WHERE c.relkind IN ('r', 'p', 'm', 'f')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast');
