-- How near are sequences to their end, and to that of the columns that they fill?
-- Costs: a look at each sequence's page, up to 10 us each, and a statement of its own for one that has given nothing yet
-- or was set anew: it may have been set near its end. Needs: SELECT on each sequence and USAGE on its schema (either
-- right is enough where it has given a number); one that the role may not read is hidden. One that somebody changes at the moment, or waits to, is locked: to read it would wait.
-- A sequence fills the columns that own it, and those whose default calls it: a bigint sequence comes to its end
-- early where an integer column is filled by it, or one of a domain over integer, or numeric(9). Each is read once: what
-- is said of it is made of that.
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
), locked AS (
    SELECT l.relation
    FROM pg_catalog.pg_locks l
    WHERE l.locktype = 'relation'
      AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
      AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
), seq AS (
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name,
           s.*, n.oid AS schema, filled.columns,
           has_sequence_privilege(c.oid, 'SELECT, USAGE')
               AND NOT (c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery()) AS is_open,
           c.oid IN (SELECT relation FROM locked) AS is_locked,
           CASE WHEN seqincrement > 0 THEN least(seqmax, filled.most)
                ELSE greatest(seqmin, -filled.most - 1) END AS final,
           CASE WHEN seqincrement > 0 THEN seqmin ELSE seqmax END AS beginning
    FROM pg_catalog.pg_sequence s
    JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN filled ON filled.sequence = s.seqrelid
    WHERE c.relkind = 'S' AND c.relpersistence <> 't'
    OFFSET 0
)
SELECT (SELECT current_database()::text) AS database,
       name AS sequence,
       columns,
       CASE seqtypid WHEN 'int8'::regtype THEN 'bigint' WHEN 'int4'::regtype THEN 'integer' ELSE 'smallint' END AS type,
       last AS last_value,
       CASE WHEN "left" > 0 THEN CASE WHEN last IS NULL THEN at ELSE at + seqincrement END END AS next_value,
       final AS final_value,
       seqincrement AS increment,
       seqcycle AS is_cycling,
       CASE WHEN "left" = 0 THEN 1 ELSE used / (used + unused) END AS used_ratio,
       "left" AS left_values,
       NOT is_open OR is_seen AND at IS NULL AS is_hidden,
       is_open AND is_locked AS is_locked
-- Whatever is read is read once: none of these is merged with what is around it.
FROM (
    -- Between numbers of different signs there may be more than bigint holds, and numeric takes its time.
    SELECT read.*,
           CASE WHEN at IS NULL THEN NULL
                WHEN final <> at AND (final < at) = (seqincrement > 0) THEN 0
                WHEN last IS NOT NULL AND (final < 0) = (at < 0) THEN (final - at) / seqincrement
                ELSE least(trunc((final - at::numeric) / seqincrement) + (last IS NULL)::int, 9223372036854775807)::bigint
           END AS "left",
           trunc((at - beginning::float8) / seqincrement) + (last IS NOT NULL)::int AS used,
           trunc((final - at::float8) / seqincrement) + (last IS NULL)::int AS unused
    FROM (
        SELECT given.*,
               -- ts_stat runs a statement of its own, for a relation whose name is known only now.
               CASE WHEN last IS NOT NULL THEN last
                    WHEN is_seen AND has_sequence_privilege(seqrelid, 'SELECT') AND has_schema_privilege(schema, 'USAGE')
                    THEN (SELECT t.word::bigint
                          FROM pg_catalog.ts_stat('SELECT pg_catalog.array_to_tsvector(ARRAY[last_value::text]) FROM ' || name) t)
               END AS at
        FROM (
            SELECT seq.*, is_open AND NOT is_locked AS is_seen,
                   CASE WHEN is_open AND NOT is_locked THEN pg_catalog.pg_sequence_last_value(seqrelid::regclass) END AS last
            FROM seq
            OFFSET 0
        ) given
        OFFSET 0
    ) read
    OFFSET 0
) counted;
