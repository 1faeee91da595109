-- Which B-trees have 1 MB or more, how many entries, and which columns?
-- Costs: one look at pg_index, and at the columns of those. Needs: no right.
-- Pages and entries are as VACUUM or ANALYZE saw them last. A column is the relation and the number by which its
-- statistics are known, its length and its alignment; an expression's are the index's own.
-- Entries that are the same share their key if all operator classes allow it, the collation is deterministic, and
-- nothing is included; 12 and older made none so, nor did what pg_upgrade took over from there.
WITH class AS MATERIALIZED (
    SELECT x.oid, x.relname, x.relnamespace, x.relpages, x.reltuples, x.reloptions
    FROM pg_catalog.pg_class x
    WHERE x.relkind = 'i' AND x.relpages >= 128 AND x.relpersistence <> 't'
      AND x.relam = (SELECT oid FROM pg_catalog.pg_am WHERE amname = 'btree')
), large AS (
    SELECT class.*, i.*
    FROM class
    JOIN pg_catalog.pg_index i ON i.indexrelid = class.oid
    WHERE i.indisvalid AND i.indexrelid = ANY (ARRAY(SELECT class.oid FROM class))
)
SELECT x.oid,
       quote_ident(tn.nspname) || '.' || quote_ident(coalesce(m.relname, t.relname)) AS "table",
       quote_ident(n.nspname) || '.' || quote_ident(x.relname) AS index,
       x.relpages * current_setting('block_size')::bigint AS bytes,
       current_setting('block_size')::int4 AS block,
       CASE WHEN x.reltuples >= 0 THEN x.reltuples::float8 END AS rows,
       CASE WHEN t.reltuples >= 0 THEN t.reltuples::float8 END AS table_rows,
       coalesce((SELECT o.option_value::int4 FROM pg_catalog.pg_options_to_table(x.reloptions) o
                 WHERE o.option_name = 'fillfactor'), 90) AS fillfactor,
       CASE WHEN t.relkind <> 't' THEN pg_catalog.pg_stat_get_mod_since_analyze(t.oid) END AS changed_rows,
       NOT x.indisunique AND x.indnatts = x.indnkeyatts
           AND coalesce((SELECT o.option_value::bool FROM pg_catalog.pg_options_to_table(x.reloptions) o
                         WHERE o.option_name = 'deduplicate_items'), true)
           AND NOT EXISTS (
               SELECT FROM unnest(x.indclass::oid[], x.indcollation::oid[]) AS key(class, language)
               JOIN pg_catalog.pg_opclass o ON o.oid = key.class
               LEFT JOIN pg_catalog.pg_collation l ON l.oid = key.language
               WHERE NOT coalesce(l.collisdeterministic, true)
                  OR NOT EXISTS (SELECT FROM pg_catalog.pg_amproc p WHERE p.amprocfamily = o.opcfamily
                                 AND p.amprocnum = 4 AND p.amproclefttype = o.opcintype)) AS is_deduplicated,
       x.indisexclusion AS is_exclusion,
       x.indpred IS NOT NULL AS is_partial,
       ARRAY(SELECT concat_ws(' ', CASE WHEN k.number = 0 THEN x.oid ELSE x.indrelid END,
                              CASE WHEN k.number = 0 THEN k.place ELSE k.number END, a.attlen, a.attalign)
             FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS k(number, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = x.oid AND a.attnum = k.place
             ORDER BY k.place) AS columns
FROM large x
JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
JOIN pg_catalog.pg_class t ON t.oid = x.indrelid AND t.oid = ANY (ARRAY(SELECT large.indrelid FROM large))
LEFT JOIN pg_catalog.pg_class m ON t.relkind = 't' AND m.reltoastrelid = t.oid AND m.relkind IN ('r', 'm')
JOIN pg_catalog.pg_namespace tn ON tn.oid = coalesce(m.relnamespace, t.relnamespace)
ORDER BY bytes DESC, index;
