-- Which relations does each pattern of -t mean, and which sequences belong to them?
-- $1 and $2: for each pattern, what the schema's and the relation's name have to match (NULL:
-- anything; a schema that is not named: what the search path finds).
-- Cost: each pattern once against pg_class. Right: none.
WITH matched (number, oid) AS (
    SELECT p.number, c.oid
    FROM unnest($1::pg_catalog.text[], $2::pg_catalog.text[]) WITH ORDINALITY AS p (schema, name, number)
    JOIN pg_catalog.pg_class c ON p.name IS NULL OR c.relname ~ p.name COLLATE pg_catalog."default"
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = ANY (ARRAY['r', 'S', 'v', 'm', 'f', 'p']::pg_catalog."char"[])
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
      AND CASE WHEN p.schema IS NULL THEN pg_catalog.pg_table_is_visible(c.oid)
               ELSE n.nspname ~ p.schema COLLATE pg_catalog."default" END
), owned (number, oid) AS (
    SELECT number, oid FROM matched
    UNION
    SELECT m.number, d.objid
    FROM matched m
    JOIN pg_catalog.pg_depend d ON d.refobjid = m.oid
                               AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                               AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                               AND d.deptype IN ('a', 'i')
    JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
)
SELECT o.number, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind
FROM owned o
JOIN pg_catalog.pg_class c ON c.oid = o.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY o.number, n.nspname, c.relname;
