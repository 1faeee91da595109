-- Puts the database pg_restore_verify.scratch in the place of pg_restore_verify.live, which stays
-- as pg_restore_verify.before; both are settings of this session. Nobody can connect to either
-- until both have their new names, which they get in one transaction, with the properties of the
-- one that goes on the one that comes. If anything fails, all is as it was. It is one statement,
-- so that the server brings it to an end even if whoever sent it is gone.
-- Cost: ends all sessions in both databases. Right: superuser, or the owner of both with
-- CREATEDB and pg_signal_backend, and CREATEROLE where roles have settings of their own there.
DO $promote$
DECLARE
    live CONSTANT name := current_setting('pg_restore_verify.live');
    scratch CONSTANT name := current_setting('pg_restore_verify.scratch');
    before CONSTANT name := current_setting('pg_restore_verify.before');
    was pg_catalog.pg_database%ROWTYPE;
    new_oid oid;
    owner name;
    item record;
    change text;
    deadline timestamptz := clock_timestamp() + interval '10 seconds';
    failure text;
    detail text;
BEGIN
    SELECT * INTO was FROM pg_catalog.pg_database WHERE datname = live;
    SELECT oid INTO STRICT new_oid FROM pg_catalog.pg_database WHERE datname = scratch;
    IF was.oid IS NOT NULL THEN
        EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS false', live);
    END IF;
    EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS false', scratch);
    COMMIT;
    BEGIN
        LOOP
            PERFORM pg_stat_clear_snapshot();
            PERFORM pg_terminate_backend(pid)
            FROM pg_catalog.pg_stat_activity
            WHERE datname IN (live, scratch) AND pid <> pg_backend_pid()
              -- RENAME ends these, which not everybody may
              AND backend_type <> 'autovacuum worker';
            EXIT WHEN NOT FOUND;
            IF clock_timestamp() > deadline THEN
                RAISE EXCEPTION 'sessions in database "%" do not end', live;
            END IF;
            PERFORM pg_sleep(0.02);
        END LOOP;

        IF was.oid IS NOT NULL THEN
            owner := pg_get_userbyid(was.datdba);
            EXECUTE format('ALTER DATABASE %I OWNER TO %I', scratch, owner);
            EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT %s', scratch, was.datconnlimit);
            EXECUTE format('ALTER DATABASE %I IS_TEMPLATE %s', scratch, was.datistemplate::text);
            EXECUTE format('COMMENT ON DATABASE %I IS %L', scratch,
                           shobj_description(was.oid, 'pg_database'));
            FOR item IN
                SELECT provider, label FROM pg_catalog.pg_shseclabel
                WHERE classoid = 'pg_catalog.pg_database'::regclass AND objoid = was.oid
            LOOP
                EXECUTE format('SECURITY LABEL FOR %I ON DATABASE %I IS %L',
                               item.provider, scratch, item.label);
            END LOOP;

            IF was.datacl IS NOT NULL THEN
                EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC, %I', scratch, owner);
                FOR item IN
                    SELECT a.grantor, a.privilege_type, a.is_grantable,
                           CASE a.grantee WHEN 0 THEN 'PUBLIC'
                                ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee
                    FROM aclexplode(was.datacl) a
                    -- what others grant on they were granted first
                    ORDER BY a.grantor <> was.datdba, NOT a.is_grantable
                LOOP
                    IF item.grantor <> was.datdba THEN
                        EXECUTE format('SET LOCAL ROLE %I', pg_get_userbyid(item.grantor));
                    END IF;
                    EXECUTE format('GRANT %s ON DATABASE %I TO %s%s', item.privilege_type, scratch,
                                   item.grantee,
                                   CASE WHEN item.is_grantable THEN ' WITH GRANT OPTION' END);
                    RESET ROLE;
                END LOOP;
            END IF;
            IF EXISTS (
                SELECT FROM pg_catalog.pg_database d
                WHERE d.oid = new_oid
                  AND (was.datacl IS NULL) <> (d.datacl IS NULL)
                   OR d.oid = new_oid AND was.datacl IS NOT NULL
                  AND (EXISTS (SELECT * FROM aclexplode(was.datacl)
                               EXCEPT SELECT * FROM aclexplode(d.datacl))
                       OR EXISTS (SELECT * FROM aclexplode(d.datacl)
                                  EXCEPT SELECT * FROM aclexplode(was.datacl)))
            ) THEN
                RAISE EXCEPTION 'the rights on database "%" can not be given to another', live;
            END IF;

            FOR item IN
                SELECT s.setrole, split_part(c.entry, '=', 1) AS setting,
                       substr(c.entry, strpos(c.entry, '=') + 1) AS value
                FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) c (entry)
                WHERE s.setdatabase = was.oid
            LOOP
                change := format(
                    '%s SET %I ',
                    CASE item.setrole
                        WHEN 0 THEN format('ALTER DATABASE %I', scratch)
                        ELSE format('ALTER ROLE %I IN DATABASE %I',
                                    pg_get_userbyid(item.setrole), scratch)
                    END,
                    item.setting);
                IF item.setting IN ('search_path', 'temp_tablespaces',
                                    'local_preload_libraries', 'session_preload_libraries') THEN
                    -- A list of names is no single literal, and its text is no SQL: who may log in
                    -- may have stored anything there. It is taken over as a value.
                    change := change || 'FROM CURRENT';
                    PERFORM pg_catalog.set_config(item.setting, item.value, true);
                    EXECUTE change;
                    PERFORM pg_catalog.set_config('search_path', 'pg_catalog', true);
                ELSE
                    EXECUTE change || 'TO ' || quote_literal(item.value);
                END IF;
            END LOOP;
            EXECUTE format('ALTER DATABASE %I RENAME TO %I', live, before);
            EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS %s', before, was.datallowconn::text);
        ELSE
            EXECUTE format('COMMENT ON DATABASE %I IS NULL', scratch);
        END IF;
        EXECUTE format('ALTER DATABASE %I RENAME TO %I', scratch, live);
        EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS %s', live,
                       coalesce(was.datallowconn, true)::text);
        PERFORM FROM pg_catalog.pg_database WHERE oid = new_oid AND datname = live;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'database "%" is not the restored one', live;
        END IF;
    EXCEPTION WHEN OTHERS OR query_canceled THEN
        GET STACKED DIAGNOSTICS failure = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    END;
    IF failure IS NOT NULL THEN
        IF was.oid IS NOT NULL THEN
            EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS %s', live, was.datallowconn::text);
            -- whatever has become of the other
            COMMIT;
        END IF;
        EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS true', scratch);
        COMMIT;
        RAISE EXCEPTION '%', failure USING DETAIL = detail;
    END IF;
END
$promote$;
