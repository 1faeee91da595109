-- Which schemas or relations does each pattern mean, by pg_dump's own rules?
-- $1: for each pattern, whether it is of schemas; $2 and $3: what the schema's and the relation's
-- name have to match (NULL: anything); $4: whether children and partitions are meant too.
-- A name without a schema means what the role's search path finds: run it under that.
-- (unnest of several arrays is the parser's own, whatever the search path.)
-- Cost: each pattern once against pg_class or pg_namespace. Right: none.
WITH RECURSIVE pattern AS (
    SELECT p.number, p.of_schemas, p.schema, p.name, p.with_children
      FROM unnest($1::pg_catalog.bool[], $2::pg_catalog.text[], $3::pg_catalog.text[], $4::pg_catalog.bool[])
           WITH ORDINALITY AS p (of_schemas, schema, name, with_children, number)
), matched (number, oid) AS (
    SELECT p.number, n.oid
      FROM pattern AS p
      JOIN pg_catalog.pg_namespace AS n
        ON p.name IS NULL OR n.nspname OPERATOR(pg_catalog.~) p.name COLLATE pg_catalog."default"
     WHERE p.of_schemas
    UNION ALL
    SELECT p.number, c.oid
      FROM pattern AS p
      JOIN pg_catalog.pg_class AS c
        ON p.name IS NULL OR c.relname OPERATOR(pg_catalog.~) p.name COLLATE pg_catalog."default"
      JOIN pg_catalog.pg_namespace AS n
        ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
     WHERE NOT p.of_schemas
       AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'S', 'v', 'm', 'f', 'p']::pg_catalog."char"[])
       AND CASE WHEN p.schema IS NULL THEN pg_catalog.pg_table_is_visible(c.oid)
                ELSE n.nspname OPERATOR(pg_catalog.~) p.schema COLLATE pg_catalog."default" END
), family (number, oid) AS (
    SELECT m.number, m.oid
      FROM matched AS m
    UNION
    SELECT f.number, i.inhrelid
      FROM family AS f
      JOIN pattern AS p ON p.number OPERATOR(pg_catalog.=) f.number AND p.with_children
      JOIN pg_catalog.pg_inherits AS i ON i.inhparent OPERATOR(pg_catalog.=) f.oid
)
SELECT f.number, f.oid FROM family AS f
