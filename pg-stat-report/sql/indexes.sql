-- Which indexes are invalid, never used, or say what another one says?
-- Costs: one look at the indexes, and the counter of each. Needs: no right; that an index is being built is told to
-- pg_read_all_stats only.
-- What has an oid below 16384 came with the server. needed_for: it is a key, backs a constraint or the foreign keys of others, is the replica identity, what CLUSTER goes by,
-- or a part of a partitioned one, which is told of in its stead, with its parts' scans. supports: a foreign key,
-- or statistics of an expression. duplicate_of: same columns, operator classes, collations, order and predicate.
-- prefix_of: these are the first ones of another's. The places of a vector begin at 0, those of its slices at 1. Only
-- indexes of one table that begin with the same column are held against each other. Expressions are compared as they are
-- stored, but for where they stood in their statement: pg_get_expr and pg_partition_tree wait behind whoever has locked
-- the table. Lines "with" are left out where the database has no such thing (there.sql). counted_since is null where
-- nothing is counted; known_since is when the index was made or altered last, where the server notes that. The lines
-- "judged:" are for checks: of those that nobody uses they look at the large ones, and the largest stand for the
-- others.
WITH RECURSIVE shape AS MATERIALIZED (
    SELECT i.indexrelid, i.indrelid, x.relam, x.relkind, x.relnamespace, x.relname, x.relispartition, i.indisunique,
           i.indisvalid AND i.indisready AND i.indislive AS is_good,
           i.indexprs IS NOT NULL AS has_expressions,
           i.indkey[0] AS first_column,
           i.indnkeyatts AS count,
           x.xmin AS version,
           CASE WHEN i.indisprimary THEN 'primary key' WHEN i.indisexclusion THEN 'exclusion constraint'
                WHEN i.indisreplident THEN 'replica identity' WHEN i.indisclustered THEN 'CLUSTER'
                WHEN x.relispartition THEN 'part of a partitioned index'
                WHEN i.indexrelid IN (SELECT k.conindid FROM pg_catalog.pg_constraint k WHERE k.contype = 'f') THEN 'foreign key' -- with foreign keys
                WHEN i.indexrelid IN (SELECT k.conindid FROM pg_catalog.pg_constraint k WHERE k.contype = 'u') THEN 'constraint'
           END AS needed_for,
           x.relpages::bigint * current_setting('block_size')::bigint AS bytes
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
    WHERE i.indexrelid >= 16384 AND x.relkind IN ('i', 'I') AND x.relpersistence <> 't'
      AND x.relnamespace NOT IN (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname IN ('pg_catalog', 'information_schema'))
      AND (x.relnamespace <> 'pg_toast'::regnamespace OR NOT i.indisvalid)
-- with alike indexes:
), pair AS MATERIALIZED (
    SELECT a.indexrelid, a.indrelid, a.relam, a.indisunique, a.needed_for,
           b.indexrelid AS b_indexrelid, b.relnamespace AS b_relnamespace, b.relname AS b_relname,
           b.indisunique AS b_indisunique, b.needed_for AS b_needed_for
    FROM shape a
    JOIN shape b ON b.indrelid = a.indrelid AND b.relam = a.relam AND b.first_column = a.first_column
    WHERE a.is_good AND b.is_good AND b.indexrelid <> a.indexrelid AND b.count >= a.count
      -- A constraint goes where another says the same.
      AND (a.needed_for IS NULL OR a.needed_for = 'constraint' AND b.needed_for IN ('primary key', 'foreign key', 'constraint'))
), content AS MATERIALIZED (
    SELECT i.indexrelid, i.indimmediate,
           i.indkey::int2[] AS columns,
           i.indclass::oid[] AS classes,
           i.indcollation::oid[] AS collations,
           i.indoption::int2[] AS options,
           i.indnkeyatts AS count,
           regexp_replace(i.indexprs::text, ' :(location|list_start|list_end) -?[0-9]+', '', 'g') AS expressions,
           regexp_replace(i.indpred::text, ' :(location|list_start|list_end) -?[0-9]+', '', 'g') AS predicate,
           false AS nulls_not_distinct -- before 15
           -- since 15: i.indnullsnotdistinct AS nulls_not_distinct
    FROM pg_catalog.pg_index i
    WHERE i.indexrelid = ANY (ARRAY(SELECT unnest(ARRAY[pair.indexrelid, pair.b_indexrelid]) FROM pair))
), other AS (
    SELECT p.indexrelid, p.indrelid,
           min(p.b_relnamespace::regnamespace::text || '.' || quote_ident(p.b_relname)) FILTER (
               WHERE b.count = a.count
                 AND b.expressions IS NOT DISTINCT FROM a.expressions
                 AND (b.nulls_not_distinct = a.nulls_not_distinct OR NOT p.indisunique)
                 AND (NOT p.indisunique OR p.b_indisunique AND (b.indimmediate OR NOT a.indimmediate))
                 -- Of two that could both go, the older stays, or the one that does not wait for the end of a transaction.
                 AND (p.b_needed_for IS DISTINCT FROM p.needed_for OR p.b_indisunique AND NOT p.indisunique
                      OR b.indimmediate AND NOT a.indimmediate
                      OR cardinality(b.columns) > cardinality(a.columns) OR b.indexrelid < a.indexrelid)
           ) AS duplicate_of,
           min(p.b_relnamespace::regnamespace::text || '.' || quote_ident(p.b_relname)) FILTER (
               WHERE b.count > a.count AND p.relam = (SELECT oid FROM pg_catalog.pg_am WHERE amname = 'btree') AND NOT p.indisunique AND a.expressions IS NULL
           ) AS prefix_of
    FROM pair p
    JOIN content a ON a.indexrelid = p.indexrelid
    JOIN content b ON b.indexrelid = p.b_indexrelid
    WHERE b.columns[0:a.count - 1] = a.columns[0:a.count - 1]
      AND b.classes[0:a.count - 1] = a.classes[0:a.count - 1]
      AND b.collations[0:a.count - 1] = a.collations[0:a.count - 1]
      AND b.options[0:a.count - 1] = a.options[0:a.count - 1]
      AND b.predicate IS NOT DISTINCT FROM a.predicate
      AND b.columns @> a.columns
    GROUP BY p.indexrelid, p.indrelid
-- with parts:
), tree (root, oid) AS (
    SELECT s.indexrelid, s.indexrelid FROM shape s WHERE s.relkind = 'I' AND NOT s.relispartition
    UNION ALL
    SELECT t.root, h.inhrelid FROM tree t JOIN pg_catalog.pg_inherits h ON h.inhparent = t.oid
), part AS (
    SELECT t.root AS indexrelid, sum(pg_catalog.pg_stat_get_numscans(t.oid))::bigint AS scans,
           sum((SELECT c.relpages FROM pg_catalog.pg_class c WHERE c.oid = t.oid AND c.relkind = 'i'))::bigint
               * current_setting('block_size')::bigint AS bytes
           -- since 16: , max(pg_catalog.pg_stat_get_lastscan(t.oid)) AS last_scan
    FROM tree t
    GROUP BY t.root
-- with foreign keys:
), fk AS (
    SELECT i.indexrelid, min(k.conname::text) AS name
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_index i ON i.indrelid = k.conrelid AND cardinality(k.conkey) <= i.indnkeyatts
        AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
    WHERE k.contype = 'f'
    GROUP BY i.indexrelid
-- in any case:
), building AS (
    -- The function of pg_stat_progress_create_index, without its view: param7 is the index.
    SELECT p.relid, p.param7::oid AS index_relid, p.param7 IS NULL AS is_hidden
    FROM pg_catalog.pg_stat_get_progress_info('CREATE INDEX') p
    WHERE p.datid = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
), count_since AS MATERIALIZED (
    SELECT s.since, extract(epoch FROM clock_timestamp() - s.since)::float8 AS seconds
    FROM (SELECT CASE WHEN current_setting('track_counts')::bool
                      THEN greatest((SELECT pg_catalog.pg_stat_get_db_stat_reset_time(d.oid)
                                     FROM pg_catalog.pg_database d WHERE d.datname = current_database()),
                                    (SELECT a.stats_reset FROM pg_catalog.pg_stat_get_archiver() a)) END AS since
          OFFSET 0) s
-- judged: ), largest AS (
-- judged:     SELECT s.indexrelid
-- judged:     FROM (SELECT s.indexrelid FROM shape s
-- judged:           WHERE s.needed_for IS NULL AND NOT s.indisunique AND s.is_good AND s.relkind = 'i'
-- judged:             AND s.indexrelid NOT IN (SELECT fk.indexrelid FROM fk) -- with foreign keys
-- judged:           ORDER BY s.bytes DESC, s.relnamespace, s.relname
-- judged:           OFFSET 0) s
-- judged:     WHERE pg_catalog.pg_stat_get_numscans(s.indexrelid) = 0
-- judged:     LIMIT 100
), told AS (
    SELECT s.indexrelid, s.indrelid, s.relam, s.relkind, s.relnamespace, s.relname, s.is_good, s.indisunique, s.relispartition,
           s.needed_for, s.has_expressions, s.version,
           coalesce(part.bytes, s.bytes) AS bytes, -- with parts
           -- without parts: s.bytes,
           coalesce(part.scans, pg_catalog.pg_stat_get_numscans(s.indexrelid)) AS scans, -- with parts
           -- without parts: pg_catalog.pg_stat_get_numscans(s.indexrelid) AS scans,
           NULL::timestamptz AS last_scan, -- before 16
           -- since 16: CASE WHEN s.relkind = 'I' THEN part.last_scan ELSE pg_catalog.pg_stat_get_lastscan(s.indexrelid) END AS last_scan, -- with parts
           -- since 16: -- without parts: pg_catalog.pg_stat_get_lastscan(s.indexrelid) AS last_scan,
           fk.name AS foreign_key, -- with foreign keys
           -- without foreign keys: NULL::text AS foreign_key,
           other.duplicate_of, other.prefix_of -- with alike indexes
           -- without alike indexes: NULL::text AS duplicate_of, NULL::text AS prefix_of
    FROM shape s
    LEFT JOIN part ON part.indexrelid = s.indexrelid -- with parts
    LEFT JOIN other ON other.indexrelid = s.indexrelid -- with alike indexes
    LEFT JOIN fk ON fk.indexrelid = s.indexrelid -- with foreign keys
    -- judged: WHERE NOT s.is_good OR s.relkind = 'I'
    -- judged:    OR s.indrelid IN (SELECT other.indrelid FROM other) -- with alike indexes
    -- judged:    OR s.needed_for IS NULL AND s.bytes >= 1e6::bigint
    -- judged:    OR s.indexrelid IN (SELECT largest.indexrelid FROM largest)
)
SELECT (SELECT current_database()::text) AS database,
       t.relnamespace::regnamespace::text || '.' || quote_ident(t.relname) AS "table",
       s.relnamespace::regnamespace::text || '.' || quote_ident(s.relname) AS index,
       s.indexrelid AS oid,
       am.amname::text AS method,
       s.bytes,
       s.scans,
       s.last_scan AS last_scan_at,
       count_since.since AS counted_since,
       count_since.seconds AS counted_seconds,
       s.is_good AS is_valid,
       CASE WHEN s.is_good THEN false
            WHEN EXISTS (SELECT FROM building b WHERE s.indexrelid = b.index_relid OR s.indrelid = b.relid) THEN true
            WHEN EXISTS (SELECT FROM building b WHERE b.is_hidden) THEN NULL
            ELSE false END AS is_being_built,
       s.indisunique AS is_unique,
       s.relkind = 'I' AS is_partitioned,
       s.relispartition AS is_partition,
       s.needed_for,
       CASE WHEN s.foreign_key IS NOT NULL THEN 'foreign key ' || s.foreign_key
            WHEN s.has_expressions THEN 'statistics of an expression' END AS supports,
       s.duplicate_of,
       CASE WHEN s.duplicate_of IS NULL THEN s.prefix_of END AS prefix_of,
       CASE WHEN current_setting('track_commit_timestamp')::bool AND NOT pg_catalog.pg_is_in_recovery()
            THEN pg_catalog.pg_xact_commit_timestamp(s.version) END AS known_since
FROM told s
CROSS JOIN count_since
JOIN pg_catalog.pg_am am ON am.oid = s.relam
JOIN pg_catalog.pg_class t ON t.oid = s.indrelid
    -- judged: AND t.oid = ANY (ARRAY(SELECT told.indrelid FROM told))
;
