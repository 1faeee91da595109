-- What was settled when the database $1 was created, and CREATE DATABASE can settle for another:
-- its encoding, locale and tablespace (whether we have to name that, and may), and its owner.
-- Cost: none. Right: none. Columns that only some versions have are null elsewhere.
SELECT pg_catalog.pg_get_userbyid(d.datdba)::pg_catalog.text AS owner,
       pg_catalog.pg_encoding_to_char(d.encoding)::pg_catalog.text AS encoding,
       d.datcollate::pg_catalog.text AS collate,
       d.datctype::pg_catalog.text AS ctype,
       -- 15 was the first to know another than libc.
       CASE p.properties ->> 'datlocprovider'
           WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' END AS provider,
       -- 17 gave it another name.
       coalesce(p.properties ->> 'datlocale', p.properties ->> 'daticulocale') AS locale,
       p.properties ->> 'daticurules' AS rules,
       t.spcname::pg_catalog.text AS tablespace,
       t.oid <> (SELECT z.dattablespace FROM pg_catalog.pg_database z WHERE z.datname = 'template0')
           AND pg_catalog.has_tablespace_privilege(t.oid, 'CREATE') AS is_to_be_named
FROM pg_catalog.pg_database d
JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace,
     LATERAL (SELECT pg_catalog.to_jsonb(d)) p (properties)
WHERE d.datname = $1;
