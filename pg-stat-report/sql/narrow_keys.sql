-- What do these columns of foreign keys point to, and are they narrower than that?
-- Costs: a look at both columns of each, and at the domains that they are of. Needs: no right. One that is gone meanwhile is
-- not there.
-- How wide a text or a numeric is its declaration says, or that of the domain that it is of. Of two columns with integers
-- the operators have told (keys.sql).
WITH RECURSIVE asked AS MATERIALIZED (
    SELECT pair.place, pair.relation, pair.other, a.atttypid AS type, a.atttypmod AS modifier,
           b.atttypid AS other_type, b.atttypmod AS other_modifier
    FROM unnest({relations}::oid[], {numbers}::int2[], {others}::oid[], {other_numbers}::int2[])
             WITH ORDINALITY AS pair(relation, number, other, other_number, place)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = pair.relation AND a.attnum = pair.number AND a.attrelid = ANY ({relations}::oid[])
    JOIN pg_catalog.pg_attribute b ON b.attrelid = pair.other AND b.attnum = pair.other_number AND b.attrelid = ANY ({others}::oid[])
), domain (oid, base, modifier) AS (
    SELECT t.oid, t.typbasetype, t.typtypmod
    FROM pg_catalog.pg_type t
    WHERE t.typtype = 'd' AND t.oid = ANY (ARRAY(SELECT unnest(ARRAY[asked.type, asked.other_type]) FROM asked))
    UNION ALL
    SELECT d.oid, t.typbasetype, CASE WHEN d.modifier < 0 THEN t.typtypmod ELSE d.modifier END
    FROM domain d
    JOIN pg_catalog.pg_type t ON t.oid = d.base AND t.typtype = 'd'
), width AS (
    -- Letters; digits before the point that always have room, and those behind it. Null: as many as one likes.
    SELECT w.type, w.modifier,
           CASE WHEN w.base IN ('varchar'::regtype, 'bpchar'::regtype) AND w.bits >= 4 THEN w.bits - 4 END AS letters,
           CASE w.base WHEN 'int2'::regtype THEN 4 WHEN 'int4'::regtype THEN 9 WHEN 'int8'::regtype THEN 18
                WHEN 'numeric'::regtype THEN CASE WHEN w.bits >= 4 THEN (w.bits - 4 >> 16) - w.scale END END AS digits,
           CASE WHEN w.base IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 0
                WHEN w.base = 'numeric'::regtype AND w.bits >= 4 THEN w.scale END AS scale
    FROM (
        SELECT DISTINCT t.type, t.modifier, coalesce(d.base, t.type) AS base,
               coalesce(d.modifier, t.modifier) AS bits,
               ((coalesce(d.modifier, t.modifier) - 4 & 2047) # 1024) - 1024 AS scale
        FROM (SELECT asked.type, asked.modifier FROM asked
              UNION SELECT asked.other_type, asked.other_modifier FROM asked) t
        LEFT JOIN domain d ON d.oid = t.type AND d.base NOT IN (SELECT below.oid FROM domain below)
    ) w
)
SELECT k.place,
       (SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = k.other) AS referenced,
       pg_catalog.format_type(k.other_type, k.other_modifier) AS referenced_type,
       coalesce(one.letters < coalesce(other.letters, one.letters + 1)
                OR one.digits < coalesce(other.digits, one.digits + 1) OR one.scale < other.scale, false) AS is_narrow
FROM asked k
JOIN width one ON one.type = k.type AND one.modifier = k.modifier
JOIN width other ON other.type = k.other_type AND other.modifier = k.other_modifier;
