-- What are these columns called, and of which type are they?
-- Costs: a look at the columns of {relations}. Needs: no right. One that is gone meanwhile is not there.
SELECT a.attrelid AS relation,
       a.attnum AS number,
       c.relnamespace::regnamespace::text || '.' || quote_ident(c.relname) AS "table",
       quote_ident(a.attname) AS "column",
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS type
FROM unnest({relations}::oid[], {numbers}::int2[]) AS asked(relation, number)
JOIN pg_catalog.pg_attribute a ON a.attrelid = asked.relation AND a.attnum = asked.number
                              AND a.attrelid = ANY ({relations}::oid[])
JOIN pg_catalog.pg_class c ON c.oid = asked.relation AND c.oid = ANY ({relations}::oid[])
WHERE NOT a.attisdropped;
