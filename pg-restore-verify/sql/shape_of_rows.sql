-- What does the text of these tables' rows depend on, beside the rows? Their columns, the attributes
-- of composite types, the labels of enums, and what each type is written by.
-- Cost: a look at those catalogues. Right: none.
SELECT pg_catalog.md5(pg_catalog.concat_ws(
    ' ',
    (SELECT pg_catalog.string_agg(
                pg_catalog.concat_ws(' ', a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod,
                                     a.attisdropped, a.attgenerated, a.attmissingval),
                ',' ORDER BY a.attrelid, a.attnum)
     FROM pg_catalog.pg_attribute a
     JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
     WHERE a.attnum > 0
       AND (c.relkind = 'c' OR c.oid IN (SELECT pg_catalog.to_regclass(n) FROM pg_catalog.unnest($1::pg_catalog.text[]) n))),
    (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', enumtypid, enumlabel), ','
                                  ORDER BY enumtypid, enumsortorder)
     FROM pg_catalog.pg_enum),
    -- FirstNormalObjectId
    (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', t.oid, t.typoutput, t.typbasetype, t.typelem, p.prosrc, p.probin),
                                  ',' ORDER BY t.oid)
     FROM pg_catalog.pg_type t
     JOIN pg_catalog.pg_proc p ON p.oid = t.typoutput
     WHERE t.oid >= 16384)))
