-- What have these sequences given last, and where does one stand that has given nothing yet, or was set anew?
-- Costs: a look at each one's page, up to 10 us, and a statement of its own for the latter: they may have been set near
-- their end. A lock on each until all are read. Needs: SELECT on each and USAGE on its schema; either right is enough
-- where it has given a number.
-- One that somebody changes at the moment, or waits to, is locked: to read it would wait. One that is gone is not there.
WITH locked AS (
    SELECT l.relation
    FROM pg_catalog.pg_locks l
    WHERE l.locktype = 'relation'
      AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
      AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
)
SELECT oid, is_locked, last,
       -- ts_stat runs a statement of its own, for a relation whose name is known only now.
       CASE WHEN last IS NOT NULL THEN last
            WHEN NOT is_locked AND has_sequence_privilege(oid, 'SELECT')
                AND has_schema_privilege((SELECT c.relnamespace FROM pg_catalog.pg_class c WHERE c.oid = given.oid), 'USAGE')
            THEN (SELECT t.word::bigint
                  FROM pg_catalog.ts_stat('SELECT pg_catalog.array_to_tsvector(ARRAY[last_value::text]) FROM '
                                          || given.oid::regclass) t)
       END AS at
-- Whatever is read is read once: none of these is merged with what is around it.
FROM (
    SELECT seq.*,
           CASE WHEN NOT is_locked AND is_open THEN pg_catalog.pg_sequence_last_value(oid::regclass) END AS last
    FROM (
        SELECT s.oid, s.oid IN (SELECT relation FROM locked) AS is_locked,
               has_sequence_privilege(s.oid, 'SELECT, USAGE') AS is_open
        FROM unnest({sequences}::oid[]) AS s(oid)
        OFFSET 0
    ) seq
    WHERE is_open IS NOT NULL
    OFFSET 0
) given;
