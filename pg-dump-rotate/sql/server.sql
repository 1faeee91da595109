-- What a manifest says about the server and the database.
-- Costs one row of the catalog; needs no right beyond CONNECT.
SELECT current_setting('server_version') AS version,
       d.datname::text AS database,
       pg_encoding_to_char(d.encoding)::text AS encoding,
       d.datcollate::text AS collate,
       d.datctype::text AS ctype,
       NULL::text AS locale_provider,
       NULL::text AS locale
  FROM pg_catalog.pg_database AS d
 WHERE d.datname = current_database()
