-- Which sequences fill these columns?
-- Costs: a look at what depends on each table and on the defaults of its columns. Needs: no right.
-- Those that the column owns, and those that its default calls, not by way of a function or of a name in text.
WITH preset AS MATERIALIZED (
    SELECT f.oid, f.adrelid, f.adnum FROM pg_catalog.pg_attrdef f WHERE f.adrelid = ANY ({relations}::oid[])
), fed AS MATERIALIZED (
    SELECT d.refobjid AS relation, d.refobjsubid AS number, d.objid AS sequence
    FROM pg_catalog.pg_depend d
    WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = ANY ({relations}::oid[])
      AND d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
    UNION
    SELECT preset.adrelid, preset.adnum, d.refobjid
    FROM preset
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = preset.oid
                               AND d.objid = ANY (ARRAY(SELECT preset.oid FROM preset))
                               AND d.refclassid = 'pg_catalog.pg_class'::regclass
)
SELECT asked.relation, asked.number, fed.sequence, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name
FROM unnest({relations}::oid[], {numbers}::int2[]) AS asked(relation, number)
JOIN fed ON fed.relation = asked.relation AND fed.number = asked.number
JOIN pg_catalog.pg_class c ON c.oid = fed.sequence AND c.relkind = 'S' AND c.oid = ANY (ARRAY(SELECT fed.sequence FROM fed))
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY name;
