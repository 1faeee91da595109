//! What is refused before anything is run, and what is not.

use super::bounds::Bounds;
use super::called::Called;
use super::said::Said;

/// What of these statements, run one after the other, reaches beyond the database `own`.
fn reached(statements: &[&str]) -> Option<String> {
    let mut bounds = Bounds::example();
    let mut called = Called::default();
    let mut all = Vec::new();
    for text in statements {
        let said = Said::of_statement(text, &bounds);
        if said.reaches.is_some() {
            return said.reaches;
        }
        bounds.foreign.extend(said.foreign.iter().cloned());
        called.know(&said);
        all.push(said);
    }
    all.iter().find_map(|said| called.reached_by(said, &bounds))
}

#[test]
fn statements_about_the_server_are_known_by_the_grammar() {
    for (text, what) in [
        ("create  /* x */ role x", "CREATE ROLE"),
        ("create user x", "CREATE ROLE"),
        ("alter group a add user b", "ALTER ROLE"),
        (
            "alter role x in database other set work_mem = '1MB'",
            "ALTER ROLE",
        ),
        ("drop user x", "DROP ROLE"),
        ("grant a to b", "GRANT or REVOKE of a role"),
        ("revoke a from b", "GRANT or REVOKE of a role"),
        (
            "grant connect on database other to b",
            "GRANT or REVOKE ON DATABASE",
        ),
        (
            "grant connect on database own, other to b",
            "GRANT or REVOKE ON DATABASE",
        ),
        (
            "grant create on tablespace pg_default to b",
            "GRANT or REVOKE ON TABLESPACE",
        ),
        (
            "grant set on parameter work_mem to b",
            "GRANT or REVOKE ON PARAMETER",
        ),
        ("comment on role b is 'x'", "COMMENT ON ROLE"),
        ("comment on database other is 'x'", "COMMENT ON DATABASE"),
        ("security label on role b is 'x'", "SECURITY LABEL ON ROLE"),
        ("reassign owned by b to a", "REASSIGN OWNED"),
        ("drop owned by b", "DROP OWNED"),
        ("alter system set work_mem = '1MB'", "ALTER SYSTEM"),
        (
            "alter database other set work_mem = '1MB'",
            "ALTER DATABASE other",
        ),
        ("alter database other owner to a", "ALTER DATABASE"),
        (
            "alter database own rename to x; create database y",
            "CREATE DATABASE",
        ),
        ("create tablespace x location '/x'", "CREATE TABLESPACE"),
        ("drop subscription x", "DROP SUBSCRIPTION"),
        (
            "copy (select 1) to '/tmp/x'",
            "COPY TO a file of the server",
        ),
        ("copy t from '/tmp/x'", "COPY FROM a file of the server"),
        ("copy t to program 'cat'", "COPY … PROGRAM"),
        (
            "vacuum full",
            "VACUUM FULL of every table, those of all databases among them,",
        ),
        ("reindex system own", "REINDEX SYSTEM"),
        (
            "reindex database own",
            "REINDEX DATABASE, which before PostgreSQL 16 is of shared catalogs too,",
        ),
    ] {
        assert_eq!(reached(&[text]).as_deref(), Some(what), "{text}");
    }
}

#[test]
fn what_is_of_the_database_is_not_refused() {
    for text in [
        "alter database own set work_mem = '1MB'",
        "alter database own owner to a",
        "comment on database own is 'x'",
        "grant connect on database own to b",
        "alter role x in database own set work_mem = '1MB'",
        "grant select on t to b",
        "comment on table t is 'role'",
        "create user mapping for x server y",
        "create table role (x int)",
        "insert into t values ('create role x')",
        "copy t from stdin",
        "copy t to stdout",
        "vacuum full t",
        "select pg_stat_reset()",
        "select * from pg_authid, far",
        "select pg_terminate_backend(pg_backend_pid())",
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
        "select pg_terminate_backend(pid) from pg_stat_activity where 'own' = datname",
        "do $$ begin perform set_config('x.y', 'create role x', false); end $$",
        "do $$ begin execute format('alter database %I set x.y = 1', current_database()); end $$",
        "do $$ begin execute 'grant connect on database ' || current_database() || ' to a'; end $$",
        "do $$ declare v text := 'a'; begin v := v || 'drop role'; execute 'create table x' || v || ' ()'; end $$",
    ] {
        assert_eq!(reached(&[text]), None, "{text}");
    }
}

#[test]
fn writes_and_calls_are_known() {
    for (text, what) in [
        (
            "update pg_authid set rolname = 'x'",
            "a change or lock of pg_authid, which all databases share,",
        ),
        (
            "delete from pg_catalog.pg_database",
            "a change or lock of pg_database, which all databases share,",
        ),
        (
            "with x as (delete from pg_authid returning 1) select * from x",
            "a change or lock of pg_authid, which all databases share,",
        ),
        (
            "lock table t, pg_authid",
            "a change or lock of pg_authid, which all databases share,",
        ),
        (
            "vacuum t, pg_authid",
            "a change or lock of pg_authid, which all databases share,",
        ),
        (
            "insert into far values (1)",
            "a write to the foreign table far",
        ),
        ("truncate t, public.far", "a write to the foreign table far"),
        (
            "select pg_create_physical_replication_slot('x')",
            "pg_create_physical_replication_slot()",
        ),
        (
            "select * from pg_catalog.pg_reload_conf()",
            "pg_reload_conf()",
        ),
        (
            "create table x (y bool default pg_reload_conf())",
            "pg_reload_conf()",
        ),
        ("select dblink_exec('', 'x')", "dblink_exec()"),
        (
            "select pg_terminate_backend(pid) from pg_stat_activity",
            "pg_terminate_backend()",
        ),
        (
            "select pg_cancel_backend(pid) from pg_stat_activity where datname = current_database() or true",
            "pg_cancel_backend()",
        ),
        (
            "explain analyze select pg_reload_conf()",
            "pg_reload_conf()",
        ),
        ("do language plpython3u $$ x $$", "code in plpython3u"),
        ("select (((pg_reload_conf())))", "pg_reload_conf()"),
    ] {
        assert_eq!(reached(&[text]).as_deref(), Some(what), "{text}");
    }
    let far = [
        "create foreign table new (x int) server s",
        "delete from new",
    ];
    assert_eq!(
        reached(&far).as_deref(),
        Some("a write to the foreign table new")
    );
}

#[test]
fn code_is_looked_into_where_it_is_run() {
    let sql = "create function f() returns void language sql as 'create role x'";
    let plpgsql =
        "create function f() returns void language plpgsql as $$ begin create role x; end $$";
    let deep = "create function g() returns void language plpgsql as $$ declare v int := f(); begin end $$";
    let procedure = "create procedure f() language plpgsql as $$ begin drop role x; end $$";
    let atomic = "create function f() returns bool begin atomic select pg_reload_conf(); end";
    for (statements, what) in [
        (vec![sql], None),
        (vec![plpgsql, "drop function f()"], None),
        (vec![sql, "select f()"], Some("CREATE ROLE in f()")),
        (vec![plpgsql, "select f()"], Some("CREATE ROLE in f()")),
        (vec![sql, deep], None),
        (
            vec![sql, deep, "select x from t where g() is null"],
            Some("CREATE ROLE in f() in g()"),
        ),
        (
            vec![sql, "do $$ begin perform f(); end $$"],
            Some("CREATE ROLE in f()"),
        ),
        (
            vec![
                sql,
                "create trigger x after insert on t execute function f()",
            ],
            Some("CREATE ROLE in f()"),
        ),
        (vec![procedure, "call public.f()"], Some("DROP ROLE in f()")),
        (vec![atomic], None),
        (vec![atomic, "select f()"], Some("pg_reload_conf() in f()")),
        (
            vec!["do $$ begin if x then create role x; end if; end $$"],
            Some("CREATE ROLE"),
        ),
        (
            vec!["do $$ begin x := pg_reload_conf(); end $$"],
            Some("pg_reload_conf()"),
        ),
        (
            vec!["do $$ begin execute 'create role x'; end $$"],
            Some("CREATE ROLE"),
        ),
        (
            vec!["do $$ begin execute 'CRE' || 'ATE ROLE r3'; end $$"],
            Some("CREATE ROLE"),
        ),
        (
            vec!["do $$ begin execute format('create %s %I', 'role', 'x'); end $$"],
            Some("CREATE ROLE"),
        ),
        (
            vec!["do $$ begin execute format('alter role %1$I with login', current_user); end $$"],
            Some("ALTER ROLE"),
        ),
        (
            vec!["do $$ declare v text := 'drop role x'; begin execute v; end $$"],
            Some("DROP ROLE"),
        ),
        (
            vec!["do $$ begin execute concat('select ', 'pg_reload_', 'conf()'); end $$"],
            Some("pg_reload_conf()"),
        ),
        (
            vec![
                "create function i() returns bool language internal as 'pg_reload_conf'; select i()",
            ],
            Some("pg_reload_conf() in i()"),
        ),
    ] {
        assert_eq!(reached(&statements).as_deref(), what, "{statements:?}");
    }
}

#[test]
fn what_runs_by_itself_in_the_database_is_looked_into() {
    let trigger = Some("DROP ROLE in there() in trigger w of watched");
    for (statements, what) in [
        (vec!["insert into watched values (1)"], trigger),
        (vec!["copy public.watched from stdin"], trigger),
        (vec!["truncate t, watched"], trigger),
        (
            vec!["with x as (delete from watched returning 1) select 1"],
            trigger,
        ),
        (
            vec!["do $$ begin update watched set x = 1; end $$"],
            trigger,
        ),
        (
            vec![
                "do $$ begin execute 'merge into watched using t on true when matched then delete'; end $$",
            ],
            trigger,
        ),
        (
            vec![
                "alter table watched rename to other",
                "insert into other values (1)",
            ],
            trigger,
        ),
        (
            vec!["alter function there() rename to f", "select f()"],
            Some("DROP ROLE in there()"),
        ),
        (
            vec![
                "create function f() returns void language sql as 'delete from watched'",
                "select f()",
            ],
            Some("DROP ROLE in there() in trigger w of watched in f()"),
        ),
        (
            vec!["delete from parent"],
            Some("DROP ROLE in there() in trigger w of watched in foreign key p of watched"),
        ),
        (
            vec!["insert into copied values (1)"],
            Some("a write to the foreign table far in rule c of copied"),
        ),
        (
            vec!["create table x as select * from seen"],
            Some("dblink() in view seen"),
        ),
        (
            vec![
                "select * from watched",
                "alter table watched add x int",
                "lock table watched",
                "copy watched to stdout",
                "insert into safe values (1)",
                "update t set x = 1 from parent",
                "create index on parent (x)",
            ],
            None,
        ),
    ] {
        assert_eq!(reached(&statements).as_deref(), what, "{statements:?}");
    }
}

#[test]
fn what_is_called_by_other_names_and_from_strings_is_looked_into() {
    let call = Some("dblink_exec()");
    for (statements, what) in [
        (
            vec!["select query_to_xml('select dblink_exec('''', ''x'')', true, true, '')"],
            call,
        ),
        (
            vec!["select * from ts_stat('select to_tsvector(there())'::text)"],
            Some("DROP ROLE in there()"),
        ),
        (
            vec![
                "create operator ### (leftarg = text, rightarg = text, function = dblink_exec)",
                "select '' ### 'x'",
            ],
            call,
        ),
        (
            vec!["create aggregate a (text) (sfunc = public.dblink_exec, stype = text)"],
            call,
        ),
        (
            vec![
                "alter function dblink_exec(text, text) rename to harmless",
                "select harmless('', 'x')",
            ],
            call,
        ),
        (
            vec!["do $$ begin execute format('delete from %I', (select 'x')); commit; end $$"],
            Some("what EXECUTE may write to the foreign table far before a COMMIT"),
        ),
        (
            vec![
                "select log('see dblink_exec for more')",
                "insert into t values ('select dblink_exec()')",
                "select pg_terminate_backend(pg_backend_pid())",
                "do $$ begin execute format('delete from %I', (select 'x')); end $$",
                "do $$ begin delete from t; commit; end $$",
            ],
            None,
        ),
    ] {
        assert_eq!(reached(&statements).as_deref(), what, "{statements:?}");
    }
}

#[test]
fn of_a_great_insert_what_it_writes_to_is_known() {
    let rows = "(1, 'x'), ".repeat(10_000);
    let insert = |table: &str, last: &str| format!("insert into {table} values {rows} (2, {last})");
    let bounds = Bounds::example();
    let touches = |text: &str| {
        let said = Said::of_statement(text, &bounds);
        (
            said.touches.contains(&("watched".to_string(), true)),
            said.reaches,
        )
    };
    assert_eq!(touches(&insert("watched", "'y'")), (true, None));
    let call = touches(&insert("t", "pg_reload_conf()"));
    assert_eq!(call, (false, Some("pg_reload_conf()".to_string())));
}
