-- Puts the database pg_restore_verify.scratch in the place of pg_restore_verify.live, which stays
-- as pg_restore_verify.before; all of them are settings of this session. Nobody can connect to either
-- until both have their new names, which they get in one transaction, with the properties of the
-- one that goes on the one that comes. If anything is refused, all is as it was. It is one
-- statement, so that the server brings it to an end even if whoever sent it is gone. A server that
-- goes down in its midst may leave the live one closed to connections, until the next run opens it.
-- As a rehearsal it gives the properties, takes them back, and does not touch the live one.
-- Cost: ends all sessions in both databases. Right: superuser, or the owner of both with
-- CREATEDB who may signal the sessions there, and CREATEROLE where roles have settings of their own.
DO $promote$
DECLARE
    live CONSTANT name := current_setting('pg_restore_verify.live');
    scratch CONSTANT name := current_setting('pg_restore_verify.scratch');
    before CONSTANT name := current_setting('pg_restore_verify.before');
    -- of the live one when it was looked at
    oid_before CONSTANT text := current_setting('pg_restore_verify.oid');
    is_rehearsal CONSTANT boolean := current_setting('pg_restore_verify.is_rehearsal');
    rehearsed CONSTANT text := 'RV000';
    was pg_catalog.pg_database%ROWTYPE;
    new_oid oid;
    owner name;
    item record;
    change text;
    deadline timestamptz;
    failure text;
    detail text;
    state text;
    there text;
BEGIN
    SELECT * INTO was FROM pg_catalog.pg_database WHERE datname = live;
    SELECT oid INTO STRICT new_oid FROM pg_catalog.pg_database WHERE datname = scratch;
    IF coalesce(was.oid::text, '') <> oid_before THEN
        RAISE EXCEPTION 'database "%" is not the one that was there when this began', live;
    END IF;
    -- both were looked for a moment ago
    IF EXISTS (SELECT FROM pg_catalog.pg_replication_slots s
               WHERE s.database = live AND NOT s.temporary)
       OR EXISTS (SELECT FROM pg_catalog.pg_subscription s
                  WHERE s.subdbid = was.oid AND s.subenabled)
    THEN
        RAISE EXCEPTION 'database "%" has a replication slot or an enabled subscription by now', live;
    END IF;
    IF NOT is_rehearsal THEN
        IF was.oid IS NOT NULL THEN
            EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS false', live);
        END IF;
        EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS false', scratch);
        COMMIT;
    END IF;
    BEGIN
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
        ELSE
            EXECUTE format('COMMENT ON DATABASE %I IS NULL', scratch);
            EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT -1', scratch);
        END IF;
        IF is_rehearsal THEN
            RAISE EXCEPTION 'all of it can be done' USING ERRCODE = rehearsed;
        END IF;

        deadline := clock_timestamp() + interval '10 seconds';
        LOOP
            LOOP
                PERFORM pg_stat_clear_snapshot();
                PERFORM pg_terminate_backend(pid)
                FROM pg_catalog.pg_stat_activity
                WHERE datname IN (live, scratch) AND pid <> pg_backend_pid()
                  -- autovacuum's, which RENAME ends, and not everybody may
                  AND usesysid IS NOT NULL;
                EXIT WHEN NOT FOUND;
                IF clock_timestamp() > deadline THEN
                    SELECT string_agg(format('pid %s of role %s', pid, usename), ', ' ORDER BY pid)
                    INTO there
                    FROM pg_catalog.pg_stat_activity
                    WHERE datname IN (live, scratch) AND pid <> pg_backend_pid();
                    RAISE EXCEPTION 'sessions in database "%" do not end', live
                        USING ERRCODE = 'object_in_use', DETAIL = coalesce(there, '');
                END IF;
                PERFORM pg_sleep(0.02);
            END LOOP;
            BEGIN
                IF was.oid IS NOT NULL THEN
                    EXECUTE format('ALTER DATABASE %I RENAME TO %I', live, before);
                END IF;
                EXECUTE format('ALTER DATABASE %I RENAME TO %I', scratch, live);
                EXIT;
            EXCEPTION WHEN object_in_use THEN
                -- by one who had passed the door before it was closed, and was not seen yet
                IF clock_timestamp() > deadline THEN
                    RAISE;
                END IF;
            END;
        END LOOP;
        IF was.oid IS NOT NULL THEN
            EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS %s', before, was.datallowconn::text);
        END IF;
        EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS %s', live,
                       coalesce(was.datallowconn, true)::text);
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE oid = new_oid AND datname = live)
           OR was.oid IS NOT NULL AND NOT EXISTS (
               SELECT FROM pg_catalog.pg_database WHERE oid = was.oid AND datname = before)
        THEN
            RAISE EXCEPTION 'somebody else has renamed database "%" meanwhile', live;
        END IF;
    EXCEPTION WHEN OTHERS OR query_canceled THEN
        GET STACKED DIAGNOSTICS failure = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
                                state = RETURNED_SQLSTATE;
    END;
    IF state = rehearsed THEN
        RETURN;
    END IF;
    IF failure IS NOT NULL AND NOT is_rehearsal THEN
        IF was.oid IS NOT NULL THEN
            EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS %s', live, was.datallowconn::text);
            -- whatever has become of the other
            COMMIT;
        END IF;
        EXECUTE format('ALTER DATABASE %I ALLOW_CONNECTIONS true', scratch);
        COMMIT;
    END IF;
    IF failure IS NOT NULL THEN
        RAISE EXCEPTION '%', failure USING DETAIL = detail, ERRCODE = state;
    END IF;
END
$promote$;
