-- Which sequences are there, where do they end, and which columns do they fill?
-- Costs: one look at pg_sequence, at defaults and at the columns that have one of a sequence. Needs: no right; one that
-- the role may not read is not open.
-- A sequence fills the columns that own it, and those whose default calls it: a bigint sequence comes to its end
-- early where an integer column is filled by it, or one of a domain over integer, or numeric(9).
WITH RECURSIVE domain (oid, base) AS (
    SELECT t.oid, t.typbasetype FROM pg_catalog.pg_type t WHERE t.typtype = 'd'
    UNION ALL
    SELECT d.oid, t.typbasetype FROM domain d JOIN pg_catalog.pg_type t ON t.oid = d.base WHERE t.typtype = 'd'
), fed AS (
    SELECT s.seqrelid AS sequence, d.refobjid AS relation, d.refobjsubid AS number
    FROM pg_catalog.pg_sequence s
    JOIN pg_catalog.pg_depend d ON d.objid = s.seqrelid
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
      AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    UNION
    SELECT s.seqrelid, f.adrelid, f.adnum
    FROM pg_catalog.pg_sequence s
    JOIN pg_catalog.pg_depend d ON d.refobjid = s.seqrelid
    JOIN pg_catalog.pg_attrdef f ON f.oid = d.objid
    WHERE d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
), found AS MATERIALIZED (
    -- One look by number at each column: reading all columns of all tables costs more.
    SELECT fed.sequence, fed.relation, (SELECT a FROM pg_catalog.pg_attribute a
                                        WHERE a.attrelid = fed.relation AND a.attnum = fed.number) AS a
    FROM fed
), filled AS (
    SELECT f.sequence, min(f.most) AS most, string_agg(f."column", ', ') AS columns
    FROM (
        SELECT f.sequence,
               CASE WHEN 'int2'::regtype IN ((f.a).atttypid, d.base) THEN 32767
                    WHEN 'int4'::regtype IN ((f.a).atttypid, d.base) THEN 2147483647
                    WHEN (f.a).atttypid = 'numeric'::regtype AND (f.a).atttypmod >= 4
                    THEN least(10::numeric ^ greatest((((f.a).atttypmod - 4) >> 16) - (((f.a).atttypmod - 4) & 2047), 0) - 1,
                               9223372036854775807)::bigint
                    ELSE 9223372036854775807 END AS most,
               quote_ident(n.nspname) || '.' || quote_ident(c.relname) || '.' || quote_ident((f.a).attname)
                   || ' ' || format_type((f.a).atttypid, (f.a).atttypmod) AS "column"
        FROM found f
        JOIN pg_catalog.pg_class c ON c.oid = f.relation AND c.relkind NOT IN ('i', 'I', 'S', 't')
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN (SELECT * FROM domain WHERE base NOT IN (SELECT oid FROM domain)) d ON d.oid = (f.a).atttypid
        WHERE NOT (f.a).attisdropped
        ORDER BY f.sequence, n.nspname, c.relname, (f.a).attnum
    ) f
    GROUP BY f.sequence
)
SELECT *
FROM (
    SELECT s.seqrelid AS oid,
           quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS sequence,
           filled.columns,
           CASE s.seqtypid WHEN 'int8'::regtype THEN 'bigint' WHEN 'int4'::regtype THEN 'integer' ELSE 'smallint' END AS type,
           s.seqincrement AS increment,
           CASE WHEN s.seqincrement > 0 THEN s.seqmin ELSE s.seqmax END AS beginning,
           CASE WHEN s.seqincrement > 0 THEN least(s.seqmax, filled.most)
                ELSE greatest(s.seqmin, -filled.most - 1) END AS final,
           s.seqcycle AS is_cycling,
           has_sequence_privilege(c.oid, 'SELECT, USAGE')
               AND NOT (c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery()) AS is_open
    FROM pg_catalog.pg_sequence s
    JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN filled ON filled.sequence = s.seqrelid
    WHERE c.relkind = 'S' AND c.relpersistence <> 't'
    OFFSET 0
) s
-- The right to one that is gone meanwhile is null.
WHERE is_open IS NOT NULL;
