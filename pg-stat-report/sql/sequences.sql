-- How near are sequences to their end, and to that of the columns that they fill?
-- Costs: a look at each sequence's page, up to 10 us each. Needs: SELECT or USAGE on each sequence; one that the
-- role may not read is hidden. One that somebody changes at the moment, or waits to, is locked: to read it would wait.
-- A sequence fills the columns that own it, and those whose default calls it: a bigint sequence comes to its end
-- early where an integer column is filled by it, or one of a domain over integer, or numeric(9).
WITH RECURSIVE domain (oid, base) AS (
    SELECT t.oid, t.typbasetype FROM pg_catalog.pg_type t WHERE t.typtype = 'd'
    UNION ALL
    SELECT d.oid, t.typbasetype FROM domain d JOIN pg_catalog.pg_type t ON t.oid = d.base WHERE t.typtype = 'd'
), fed AS (
    SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS number
    FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
      AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    UNION
    SELECT d.refobjid, f.adrelid, f.adnum
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_attrdef f ON f.oid = d.objid
    WHERE d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
), filled AS (
    SELECT f.sequence,
           min(CASE WHEN 'int2'::regtype IN (a.atttypid, d.base) THEN 32767
                    WHEN 'int4'::regtype IN (a.atttypid, d.base) THEN 2147483647
                    WHEN a.atttypid = 'numeric'::regtype AND a.atttypmod >= 4
                    THEN least(10::numeric ^ greatest(((a.atttypmod - 4) >> 16) - ((a.atttypmod - 4) & 2047), 0) - 1,
                               9223372036854775807)
                    ELSE 9223372036854775807 END::bigint) AS most,
           string_agg(quote_ident(n.nspname) || '.' || quote_ident(c.relname) || '.' || quote_ident(a.attname)
                      || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY n.nspname, c.relname, a.attnum) AS columns
    FROM fed f
    JOIN pg_catalog.pg_attribute a ON a.attrelid = f.relation AND a.attnum = f.number AND NOT a.attisdropped
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN (SELECT * FROM domain WHERE base NOT IN (SELECT oid FROM domain)) d ON d.oid = a.atttypid
    GROUP BY f.sequence
), locked AS (
    SELECT l.relation
    FROM pg_catalog.pg_locks l
    WHERE l.locktype = 'relation'
      AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
      AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
), seq AS (
    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name,
           s.*, filled.columns, filled.most,
           has_sequence_privilege(c.oid, 'SELECT, USAGE')
               AND NOT (c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery()) AS is_open,
           c.oid IN (SELECT relation FROM locked) AS is_locked
    FROM pg_catalog.pg_sequence s
    JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN filled ON filled.sequence = s.seqrelid
    WHERE c.relpersistence <> 't'
), told AS (
    SELECT seq.*, is_open AND NOT is_locked AS is_seen FROM seq
), read AS (
    SELECT told.*,
           CASE WHEN is_seen THEN pg_catalog.pg_sequence_last_value(seqrelid::regclass) END AS last,
           CASE WHEN seqincrement > 0 THEN least(seqmax, coalesce(most, seqmax))
                ELSE greatest(seqmin, coalesce(-most - 1, seqmin)) END AS final
    FROM told
), counted AS (
    SELECT read.*,
           CASE WHEN seqincrement > 0 THEN seqmin ELSE seqmax END AS beginning
    FROM read
)
SELECT current_database()::text AS database,
       name AS sequence,
       columns,
       seqtypid::regtype::text AS type,
       last AS last_value,
       final AS final_value,
       seqincrement AS increment,
       seqcycle AS is_cycling,
       CASE WHEN is_seen THEN
           coalesce((last::numeric - beginning) / nullif(final::numeric - beginning, 0), 0)::float8
       END AS used_ratio,
       CASE WHEN is_seen THEN
           least(greatest(trunc((final::numeric - coalesce(last::numeric, beginning - seqincrement)) / seqincrement), 0),
                 9223372036854775807)::bigint
       END AS left_values,
       NOT is_open AS is_hidden,
       is_open AND is_locked AS is_locked
FROM counted
ORDER BY used_ratio DESC NULLS LAST, name;
