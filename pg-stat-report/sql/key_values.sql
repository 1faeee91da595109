-- What are the largest and the smallest value of each of these integer columns, as ANALYZE saw them in its sample?
-- Costs: a look at the statistics of each, up to 15 us. Needs: SELECT on pg_statistic (superuser; GRANT SELECT ON
-- pg_statistic).
-- The ends of a histogram and the most common values; a table with children has statistics of all besides its own. The
-- bounds have a type that SQL takes no element of; on the wire the first is behind 24 bytes and the last is the last bytes,
-- at a tenth of what text costs. is_falling: rows that came later have smaller values, by the order in which they lie.
SELECT asked.relation, asked.number, known.largest, known.smallest
FROM unnest({relations}::oid[], {numbers}::int2[], {small}::bool[]) AS asked(relation, number, is_small)
-- One look by number at each: to join them, all statistics of all columns would be sorted.
CROSS JOIN LATERAL (
    SELECT max(greatest(
               CASE WHEN asked.is_small THEN ((get_byte(bounds, size - 2) << 24) >> 16) + get_byte(bounds, size - 1)
                    ELSE (get_byte(bounds, size - 4) << 24) + (get_byte(bounds, size - 3) << 16)
                         + (get_byte(bounds, size - 2) << 8) + get_byte(bounds, size - 1) END,
               (SELECT max(v.value::int4) FROM unnest(string_to_array(btrim(common, '{}'), ',')) AS v(value))))::int8 AS largest,
           min(least(
               CASE WHEN NOT is_falling THEN NULL
                    WHEN asked.is_small THEN ((get_byte(bounds, 24) << 24) >> 16) + get_byte(bounds, 25)
                    ELSE (get_byte(bounds, 24) << 24) + (get_byte(bounds, 25) << 16)
                         + (get_byte(bounds, 26) << 8) + get_byte(bounds, 27) END,
               CASE WHEN is_falling
                    THEN (SELECT min(v.value::int4) FROM unnest(string_to_array(btrim(common, '{}'), ',')) AS v(value)) END))::int8 AS smallest
    FROM (
        SELECT bounds, octet_length(bounds) AS size, common, is_falling
        FROM (
            SELECT CASE 1 WHEN s.stakind1 THEN s.stavalues1::text WHEN s.stakind2 THEN s.stavalues2::text
                          WHEN s.stakind3 THEN s.stavalues3::text END AS common,
                   CASE 2 WHEN s.stakind1 THEN array_send(s.stavalues1) WHEN s.stakind2 THEN array_send(s.stavalues2)
                          WHEN s.stakind3 THEN array_send(s.stavalues3) END AS bounds,
                   coalesce(CASE 3 WHEN s.stakind1 THEN s.stanumbers1[1] WHEN s.stakind2 THEN s.stanumbers2[1]
                                   WHEN s.stakind3 THEN s.stanumbers3[1] END < 0, false) AS is_falling
            FROM pg_catalog.pg_statistic s
            WHERE s.starelid = asked.relation AND s.staattnum = asked.number
            OFFSET 0
        ) slot
        OFFSET 0
    ) seen
) known;
