-- What the database sets, NAME=VALUE, for everybody and for those by whom it is likely to be restored:
-- its owner, who backs it up, and the superuser that every cluster has.
-- Costs a look at one small catalog; needs no right beyond CONNECT.
SELECT setting
  FROM pg_catalog.pg_database AS d
  JOIN pg_catalog.pg_db_role_setting AS s ON s.setdatabase = d.oid
 CROSS JOIN pg_catalog.unnest(s.setconfig) AS setting
 WHERE d.datname = pg_catalog.current_database()
   AND s.setrole IN (0, 10, d.datdba,
                     (SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user))
