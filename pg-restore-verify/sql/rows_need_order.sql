-- Does a row that is added meet functions that were created here? They may read other tables, whose
-- rows must then be there already, or not yet, as in the order of the archive.
-- Cost: a look at the dependencies of constraints and generated columns. Right: none.
SELECT EXISTS (
    SELECT
    FROM pg_catalog.pg_depend d
    LEFT JOIN pg_catalog.pg_attrdef f
      ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND f.oid = d.objid
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
    WHERE d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass,
                           'pg_catalog.pg_operator'::pg_catalog.regclass)
      -- FirstNormalObjectId
      AND d.refobjid >= 16384
      AND (d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass OR a.attgenerated <> ''))
