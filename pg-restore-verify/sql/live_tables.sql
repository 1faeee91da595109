-- Which tables does the live database have, how large are they, and about how many rows do they hold?
-- Of extensions' own tables a dump holds nothing, or a part.
-- Cost: one look at each table's file size; ACCESS SHARE on none. Right: none.
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
       pg_catalog.pg_relation_size(c.oid) AS bytes,
       rn.nspname::text AS root_schema,
       r.relname::text AS root_name,
       -- as the planner does it: rows per page when last counted, times the pages of now
       CASE WHEN c.relpages > 0 AND c.reltuples >= 0
            THEN (c.reltuples / c.relpages * pg_catalog.pg_relation_size(c.oid)
                  / pg_catalog.current_setting('block_size')::pg_catalog.int8)::pg_catalog.int8
       END AS estimate
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class r ON c.relispartition AND r.oid = pg_catalog.pg_partition_root(c.oid)
LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
WHERE c.relkind IN ('r', 'p')
  AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema'
  AND n.nspname !~ '^pg_'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                    AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname;
