-- Which foreign keys have no index on their side?
-- Costs: one look at the foreign keys and indexes. Needs: no right. What they are is asked of these alone (unindexed_keys.sql).
-- An index serves a foreign key if its first columns are those of the key, in any order, and it has all rows that are not
-- null there. Of partitions the root is told.
WITH served AS (
    SELECT k.oid
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_index i ON i.indrelid = k.conrelid
    WHERE k.contype = 'f' AND k.conparentid = 0
      AND i.indisvalid AND i.indisready
      AND i.indnkeyatts >= cardinality(k.conkey)
      AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
      -- Rows are sought by the columns' own collation: an index of another one does not find them.
      AND NOT EXISTS (SELECT FROM unnest((i.indkey::int2[])[0:cardinality(k.conkey) - 1],
                                         (i.indcollation::oid[])[0:cardinality(k.conkey) - 1]) AS x(number, collation_)
                      JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = x.number
                      WHERE x.collation_ <> a.attcollation)
      AND (i.indpred IS NULL
           -- (a IS NOT NULL), as it is stored.
           OR cardinality(k.conkey) = 1 AND i.indpred::text ~ ('^{NULLTEST :arg {VAR :varno 1 :varattno '
              || k.conkey[1] || ' [^{}]*} :nulltesttype 1 :argisrow false :location -?[0-9]+}$'))
      -- Asked of those alone that fit otherwise.
      AND (SELECT (SELECT am.amname FROM pg_catalog.pg_am am WHERE am.oid = x.relam)
           FROM pg_catalog.pg_class x WHERE x.oid = i.indexrelid)
          = ANY (CASE WHEN cardinality(k.conkey) = 1 THEN '{btree,hash}' ELSE '{btree}' END::name[])
)
SELECT k.oid
FROM pg_catalog.pg_constraint k
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.oid NOT IN (SELECT served.oid FROM served)
  -- since 18: AND k.conenforced
;
