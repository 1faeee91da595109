-- What is the largest value of each of these integer columns, as ANALYZE saw it in its sample?
-- Costs: a look at the statistics of each, up to 10 us. Needs: SELECT on pg_statistic (superuser; GRANT SELECT ON
-- pg_statistic).
-- The last bound of a histogram and the most common values; a table with children has statistics of all besides its own. The
-- bounds have a type that SQL takes no element of; on the wire the last is the last bytes, at a tenth of what text costs.
SELECT asked.relation,
       asked.number,
       -- One look by number at each: to join them, all statistics of all columns would be sorted.
       (SELECT max(greatest(
                   CASE asked.is_small
                       WHEN true THEN ((get_byte(bounds, size - 2) << 24) >> 16) + get_byte(bounds, size - 1)
                       WHEN false THEN (get_byte(bounds, size - 4) << 24) + (get_byte(bounds, size - 3) << 16)
                                     + (get_byte(bounds, size - 2) << 8) + get_byte(bounds, size - 1)
                   END,
                   CASE WHEN common IS NOT NULL
                        THEN (SELECT max(v.value::int4) FROM unnest(string_to_array(btrim(common, '{}'), ',')) AS v(value))
                   END))
        FROM (
            SELECT bounds, octet_length(bounds) AS size, common
            FROM (
                SELECT CASE 1 WHEN s.stakind1 THEN s.stavalues1::text WHEN s.stakind2 THEN s.stavalues2::text
                              WHEN s.stakind3 THEN s.stavalues3::text END AS common,
                       CASE 2 WHEN s.stakind1 THEN array_send(s.stavalues1) WHEN s.stakind2 THEN array_send(s.stavalues2)
                              WHEN s.stakind3 THEN array_send(s.stavalues3) END AS bounds
                FROM pg_catalog.pg_statistic s
                WHERE s.starelid = asked.relation AND s.staattnum = asked.number
                OFFSET 0
            ) slot
            OFFSET 0
        ) known)::int8 AS largest
FROM unnest({relations}::oid[], {numbers}::int2[], {small}::bool[]) AS asked(relation, number, is_small);
