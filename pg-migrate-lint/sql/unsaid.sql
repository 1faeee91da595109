-- What pg_dump does not say of definitions that both sides of a comparison have: indexes that no query uses, triggers of
-- constraints that do not fire as always, versions of extensions and whether each is the server's own choice.
-- Reads catalogues, and the control files of extensions; needs no right beyond connecting.
SELECT 'INDEX' AS kind, n.nspname::text AS schema, c.relname::text AS name,
    pg_catalog.pg_get_indexdef(c.oid) || ';' AS statement, 'INVALID: no query uses it;' AS state, false AS is_usual
FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
WHERE NOT (i.indisvalid AND i.indisready) AND t.relkind <> 'p'
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
UNION ALL
SELECT CASE k.contype WHEN 'f' THEN 'FK CONSTRAINT' ELSE 'CONSTRAINT' END, n.nspname, own.relname || ' ' || k.conname, NULL,
    pg_catalog.format('ALTER TABLE %I.%I %s TRIGGER OF %I (%s);', n2.nspname, t.relname,
        CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END,
        k.conname, f.proname), false
FROM pg_catalog.pg_trigger g
    JOIN pg_catalog.pg_constraint k ON k.oid = g.tgconstraint
    JOIN pg_catalog.pg_proc f ON f.oid = g.tgfoid
    JOIN pg_catalog.pg_class own ON own.oid = k.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = own.relnamespace
    JOIN pg_catalog.pg_class t ON t.oid = g.tgrelid
    JOIN pg_catalog.pg_namespace n2 ON n2.oid = t.relnamespace
WHERE g.tgisinternal AND g.tgenabled <> 'O' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = own.oid AND d.deptype = 'e')
UNION ALL
SELECT 'EXTENSION', '-', e.extname, NULL,
    pg_catalog.format('ALTER EXTENSION %I UPDATE TO %L;', e.extname, e.extversion),
    coalesce(e.extversion = a.default_version, false)
FROM pg_catalog.pg_extension e LEFT JOIN pg_catalog.pg_available_extensions() a ON a.name = e.extname
-- What initdb makes is of every database.
WHERE e.oid >= 16384
