-- Which columns do these sequences fill, and up to which number?
-- Costs: a look at what depends on each sequence, and at each column. Needs: no right.
-- A sequence fills the columns that own it, and those whose default calls it: a bigint sequence comes to its end
-- early where an integer column is filled by it, or one of a domain over integer, or numeric(9). A default that does more
-- than to cast what nextval (1574) gives computes with it: where the column ends is no end of the sequence then.
-- Lines "with" are left out where the database has no such thing (there.sql).
WITH RECURSIVE fed AS (
    SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS number
    FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = ANY ({sequences}::oid[])
      AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    UNION
    SELECT d.refobjid, f.adrelid, f.adnum
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_attrdef f ON f.oid = d.objid
    WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = ANY ({sequences}::oid[])
      AND d.classid = 'pg_catalog.pg_attrdef'::regclass
), found AS MATERIALIZED (
    -- One look by number at each column: reading all columns of all tables costs more.
    SELECT fed.sequence, fed.relation, (SELECT a FROM pg_catalog.pg_attribute a
                                        WHERE a.attrelid = fed.relation AND a.attnum = fed.number) AS a
    FROM fed
-- with domains:
), own AS MATERIALIZED (
    SELECT t.oid, t.typbasetype FROM pg_catalog.pg_type t WHERE t.typtype = 'd'
), domain (oid, base) AS (
    SELECT own.oid, own.typbasetype FROM own
    UNION ALL
    SELECT d.oid, own.typbasetype FROM domain d JOIN own ON own.oid = d.base
-- in any case:
)
SELECT f.sequence AS oid,
       min(f.most) AS most,
       bool_or(f.most < 9223372036854775807 AND coalesce(f.preset ~ '\{(?!FUNCEXPR |CONST |COERCETODOMAIN |RELABELTYPE |COERCEVIAIO )[A-Z]'
               OR f.preset ~ ':funcid (?!1574 )[0-9]+ [^{]*:funcformat [03] ', false)) AS is_computed,
       string_agg(f."column", ', ' ORDER BY f.nspname, f.relname, f.attnum) AS columns
FROM (
    SELECT f.sequence, n.nspname, c.relname, (f.a).attnum, p.adbin::text AS preset,
           CASE WHEN 'int2'::regtype = (f.a).atttypid THEN 32767
                WHEN 'int4'::regtype = (f.a).atttypid THEN 2147483647
                WHEN 'int2'::regtype = d.base THEN 32767 -- with domains
                WHEN 'int4'::regtype = d.base THEN 2147483647 -- with domains
                WHEN (f.a).atttypid = 'numeric'::regtype AND (f.a).atttypmod >= 4
                THEN least(10::numeric ^ greatest((((f.a).atttypmod - 4) >> 16) - (((f.a).atttypmod - 4) & 2047), 0) - 1,
                           9223372036854775807)::bigint
                ELSE 9223372036854775807 END AS most,
           quote_ident(n.nspname) || '.' || quote_ident(c.relname) || '.' || quote_ident((f.a).attname)
               || ' ' || format_type((f.a).atttypid, (f.a).atttypmod) AS "column"
    FROM found f
    JOIN pg_catalog.pg_class c ON c.oid = f.relation AND c.relkind NOT IN ('i', 'I', 'S', 't')
                             AND c.oid = ANY (ARRAY(SELECT found.relation FROM found))
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_attrdef p ON p.adrelid = f.relation AND p.adnum = (f.a).attnum
    LEFT JOIN (SELECT * FROM domain WHERE base NOT IN (SELECT oid FROM domain)) d ON d.oid = (f.a).atttypid -- with domains
    WHERE NOT (f.a).attisdropped
) f
GROUP BY f.sequence;
