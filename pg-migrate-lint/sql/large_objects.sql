-- The large objects of this database, each with a digest of what is in it.
-- Reads all of them; needs a superuser.
SELECT m.oid AS number, pg_catalog.md5(coalesce(
        (SELECT pg_catalog.string_agg(pg_catalog.md5(l.data) || l.pageno, ',' ORDER BY l.pageno)
            FROM pg_catalog.pg_largeobject l WHERE l.loid = m.oid), '')) AS digest
FROM pg_catalog.pg_largeobject_metadata m
