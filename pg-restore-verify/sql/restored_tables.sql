-- Which tables were restored, in how many blocks, and which of their rows would a dump hold?
-- Cost: one look at each table's file size. Right: none.
SELECT n.nspname::text AS schema,
       c.relname::text AS name,
       c.relkind = 'p' AS partitioned,
       -- of a table with foreign partitions: where those of its rows are that are here
       (SELECT CASE WHEN pg_catalog.bool_or(l.relkind = 'f')
                    THEN pg_catalog.array_agg(pg_catalog.format('%I.%I', ln.nspname, l.relname)::pg_catalog.text
                                              ORDER BY l.oid) FILTER (WHERE l.relkind <> 'f') END
        FROM pg_catalog.pg_partition_tree(c.oid) t
        JOIN pg_catalog.pg_class l ON l.oid = t.relid
        JOIN pg_catalog.pg_namespace ln ON ln.oid = l.relnamespace
        WHERE c.relkind = 'p') AS parts,
       -- ranges of ctid are scanned as ranges from 14 on, and only by the heap
       CASE WHEN c.relkind IN ('r', 'm')
             AND a.amname = 'heap'
             AND pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 140000
            THEN pg_catalog.pg_relation_size(c.oid) / b.bytes
       END AS blocks,
       b.bytes AS block_bytes,
       c.relkind = 'r' AND e.oid IS NULL AS is_dumped,
       rn.nspname::text AS root_schema,
       r.relname::text AS root_name,
       -- the rows of an extension's configuration table that are not its own
       nullif(e.extcondition[pg_catalog.array_position(e.extconfig, c.oid)], '') AS condition
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class r ON c.relispartition AND r.oid = pg_catalog.pg_partition_root(c.oid)
LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e'
LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
CROSS JOIN (SELECT pg_catalog.current_setting('block_size')::pg_catalog.int8) b (bytes)
WHERE c.relkind IN ('r', 'p', 'm', 'f')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast');
