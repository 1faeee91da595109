-- What do the chosen relations ($1: their schemas, $2: their names) consist of, in words?
-- Foreign keys are told of where their rows are counted.
-- Cost: reads the catalogue. Right: none.
WITH chosen (oid) AS (
    SELECT c.oid
    FROM unnest($1::pg_catalog.text[], $2::pg_catalog.text[]) AS r (schema, name)
    JOIN pg_catalog.pg_namespace n ON n.nspname = r.schema
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = r.name
), part (class, object, sub) AS (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, oid, 0 FROM chosen
    UNION ALL
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, a.attrelid, a.attnum
    FROM pg_catalog.pg_attribute a
    JOIN chosen c ON c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, d.oid, 0
    FROM pg_catalog.pg_attrdef d JOIN chosen c ON c.oid = d.adrelid
    UNION ALL
    SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, 0
    FROM pg_catalog.pg_constraint k JOIN chosen c ON c.oid = k.conrelid AND k.contype <> 'f'
    UNION ALL
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid, 0
    FROM pg_catalog.pg_index i JOIN chosen c ON c.oid = i.indrelid
    UNION ALL
    SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid, 0
    FROM pg_catalog.pg_trigger t JOIN chosen c ON c.oid = t.tgrelid AND NOT t.tgisinternal
    UNION ALL
    SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid, 0
    FROM pg_catalog.pg_policy p JOIN chosen c ON c.oid = p.polrelid
)
SELECT pg_catalog.pg_describe_object(class, object, sub) AS part
FROM part
WHERE pg_catalog.pg_describe_object(class, object, sub) IS NOT NULL;
