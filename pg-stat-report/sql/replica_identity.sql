-- Of which published tables does the server refuse UPDATE and DELETE, because nothing says which row is meant?
-- Costs: a look at each table that is published. Needs: no right.
-- helper: a unique index that could say it.
SELECT current_database()::text AS database,
       'no_replica_identity' AS kind,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS "table",
       NULL::text AS name, NULL::text AS columns, NULL::text AS referenced,
       greatest(c.relpages, 0) * current_setting('block_size')::bigint AS bytes,
       NULL::bigint AS writes,
       false AS is_partitioned,
       NULL::text AS definition,
       (SELECT quote_ident(x.relname)
        FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL
          AND i.indexprs IS NULL
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                          WHERE a.attrelid = c.oid AND NOT a.attnotnull
                            AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
        ORDER BY x.relname
        LIMIT 1) AS helper,
       string_agg(p.pubname, ', ' ORDER BY p.pubname) AS publications
FROM (SELECT p.pubname::text AS pubname, t.relid
      FROM pg_catalog.pg_publication p
      CROSS JOIN LATERAL pg_catalog.pg_get_publication_tables(p.pubname::text) t(relid) -- before 16
      -- since 16: CROSS JOIN LATERAL pg_catalog.pg_get_publication_tables(p.pubname::text) t
      WHERE p.pubupdate OR p.pubdelete) p
JOIN pg_catalog.pg_class c ON c.oid = p.relid AND c.relkind = 'r'
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relreplident = 'n'
   OR c.relreplident = 'd' AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
   OR c.relreplident = 'i' AND NOT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisreplident)
GROUP BY c.oid, n.nspname, c.relname, c.relpages
ORDER BY bytes DESC, "table";
