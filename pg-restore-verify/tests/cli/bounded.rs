//! What a backup may do on a server that others use: nothing outside of its scratch database, and
//! nothing that no dump has.

use std::fs;
use std::path::Path;

use shared::cluster::{Cluster, ClusterOptions};
use tests::{Database, Output, start, tool};

use crate::backups::{dump, expect_verdict, failed, of_status, plain, verify};

fn server() -> Cluster {
    let cluster = start(&ClusterOptions::default());
    let mut client = cluster.connect("postgres").unwrap();
    client.batch_execute("create role app login").unwrap();
    client.batch_execute("create database live").unwrap();
    cluster
}

/// Verified by a superuser, and nothing of the whole server has changed.
#[track_caller]
fn verify_on(cluster: &Cluster, path: &Path) -> Output {
    let whole = "select (select jsonb_agg(to_jsonb(r) order by rolname) from pg_roles r)::text \
                 || (select jsonb_agg(datname order by datname) from pg_database)::text \
                 || (select count(*) from pg_file_settings)::text";
    let mut client = cluster.connect("postgres").unwrap();
    let mut whole = || client.query_one(whole, &[]).unwrap().get::<_, String>(0);
    let before = whole();
    let conninfo = format!("host={} user=postgres", cluster.socket_dir().display());
    let run = tool("pg-restore-verify").args(["-d", &conninfo]).arg(path);
    let output = run.run();
    assert_eq!(whole(), before, "{output:?}");
    output
}

#[track_caller]
fn expect_not_run(output: &Output, what: &str) {
    assert_eq!(failed(output), [""; 0], "{what}: {output:?}");
    let lines = output.json_lines();
    assert_eq!(
        lines.last().unwrap()["status"],
        "skipped",
        "{what}: {output:?}"
    );
    assert_eq!(output.code(), Some(2), "{what}: {output:?}");
    assert!(output.stdout.contains("not run"), "{what}: {output:?}");
}

/// Puts other text of the same length into a file.
fn replace(path: &Path, from: &str, to: &str) {
    let bytes = fs::read(path).unwrap();
    let at = memchr::memmem::find(&bytes, from.as_bytes()).unwrap_or_else(|| panic!("no {from}"));
    let mut changed = bytes.clone();
    let to = format!("{to:<width$}", width = from.len());
    assert_eq!(to.len(), from.len(), "{to}");
    changed[at..at + from.len()].copy_from_slice(to.as_bytes());
    fs::write(path, changed).unwrap();
}

fn source() -> Database<'static> {
    let source = Database::new();
    source.sql(
        "create table t (some_column_with_a_long_name text);
         insert into t values ('a value that is long enough to be something else');
         comment on table t is 'a comment that is as long as what stands in its place then';
         create table u as select generate_series(1, 10) a",
    );
    source
}

const COMMENT: &str = "COMMENT ON TABLE public.t IS \
                       'a comment that is as long as what stands in its place then';";

#[test]
fn statements_of_an_archive() {
    let source = source();
    let folder = tempfile::tempdir().unwrap();
    let trap = folder.path().join("trap");
    let cluster = server();
    for (name, evil) in [
        ("role", "ALTER ROLE app SUPERUSER;"),
        ("system", "ALTER SYSTEM SET work_mem = '1GB';"),
        ("database", "DROP DATABASE live;"),
        ("owned", "REASSIGN OWNED BY postgres TO app;"),
        ("do", "DO $$BEGIN EXECUTE 'drop role app'; END$$;"),
        (
            "query",
            "SELECT set_config('a.b', 'x', false) FROM pg_database;",
        ),
    ] {
        let path = folder.path().join(name);
        dump(&source, &["-Fc"], &path);
        expect_verdict(&verify_on(&cluster, &path), "ok");
        replace(&path, COMMENT, evil);
        let output = verify_on(&cluster, &path);
        expect_not_run(&output, evil);
        assert!(of_status(&output.json_lines(), "ok").contains(&"rows public.u".to_string()));
    }
    for format in ["-Fc", "-Ft", "-Fd"] {
        let path = folder.path().join(format);
        match format {
            "-Fd" => {
                let file = format!("--file={}", path.display());
                dump(&source, &["-Fd", &file], &folder.path().join("nothing"));
                replace(&path.join("toc.dat"), COMMENT, "DROP ROLE app;");
            }
            _ => {
                dump(&source, &[format], &path);
                replace(&path, COMMENT, "DROP ROLE app;");
            }
        }
        expect_not_run(&verify_on(&cluster, &path), format);
    }
    // What pg_restore sends before the rows.
    let path = folder.path().join("copy");
    dump(&source, &["-Fc"], &path);
    let copy = "COPY public.t (some_column_with_a_long_name) FROM stdin;";
    let evil = format!("COPY t FROM PROGRAM 'touch {}';", trap.display());
    replace(&path, copy, &evil);
    let output = verify_on(&cluster, &path);
    assert_ne!(output.code(), Some(0), "{output:?}");
    assert!(!trap.exists());
}

#[test]
fn rows_of_an_archive_as_statements() {
    let source = source();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inserts");
    dump(&source, &["-Fc", "--inserts", "-Z0"], &path);
    let cluster = server();
    expect_verdict(&verify_on(&cluster, &path), "ok");
    let row = "INSERT INTO public.t ";
    replace(&path, row, "DROP ROLE app; --");
    let output = verify_on(&cluster, &path);
    expect_not_run(&output, "inserts");
}

#[test]
fn statements_of_a_script() {
    let source = source();
    let folder = tempfile::tempdir().unwrap();
    let trap = folder.path().join("trap");
    let path = folder.path().join("plain");
    dump(&source, &[], &path);
    let script = fs::read_to_string(&path).unwrap();
    let cluster = server();
    for evil in [
        "DO $$BEGIN EXECUTE 'drop role app'; END$$;",
        "DROP OWNED BY app;",
        "REASSIGN OWNED BY app TO postgres;",
        "SELECT pg_catalog.pg_reload_conf();",
        "CREATE TABLE x AS SELECT pg_catalog.pg_reload_conf();",
        &format!("COPY public.u TO PROGRAM 'cat > {}';", trap.display()),
    ] {
        fs::write(
            &path,
            script.replacen(COMMENT, &format!("{evil}\n{COMMENT}"), 1),
        )
        .unwrap();
        expect_not_run(&verify_on(&cluster, &path), evil);
    }
    assert!(!trap.exists());
    // Nobody else uses a private server.
    let harmless = "DO $$BEGIN END$$;\nSET statement_timeout = 0;";
    let begin = "SET statement_timeout = 0;";
    fs::write(&path, script.replacen(begin, harmless, 1)).unwrap();
    expect_verdict(&verify(&path), "ok");
}

/// On a private server, too: nothing connects to where a view was filled from.
#[test]
fn views_that_are_filled_by_dblink_stay_empty() {
    let (near, far) = (Database::new(), Database::new());
    far.sql("create sequence reads");
    near.sql(&format!(
        "create extension dblink; create table t as select 1 a;
         create function remote() returns bigint language plpgsql as
         $$ begin return (select id from public.dblink('host={host} port={port} user=postgres dbname={far}',
             'select nextval(''reads'')') d (id bigint)); end $$;
         create view between as select public.remote() id;
         create materialized view shown as select * from between;
         create materialized view second as select * from shown;
         create materialized view own as select * from t",
        host = near.cluster().socket_dir().display(),
        port = near.cluster().port(),
        far = far.name(),
    ));
    let reads = || far.value("select last_value from reads");
    far.sql("select nextval('reads')");
    let before = reads();
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fc", "-Fp"] {
        let path = folder.path().join(format);
        dump(&near, &[format], &path);
        let conninfo = format!(
            "host={} user=postgres",
            near.cluster().socket_dir().display()
        );
        for options in [&["-v"][..], &["-d", &conninfo]] {
            let run = tool("pg-restore-verify").args(options).arg(&path);
            let output = run.run();
            expect_verdict(&output, "ok");
            let skipped = of_status(&output.json_lines(), "skipped");
            for view in ["shown", "second"] {
                let wanted = format!("materialized_views public.{view}");
                assert!(skipped.contains(&wanted), "{skipped:?}");
            }
            assert!(!output.stdout.contains("public.own\",\"status\":\"skipped"));
        }
    }
    assert_eq!(reads(), before);
}

/// What a script does to a subscription reaches the server that it names, where its slot is, from a
/// private server as from one that others use.
#[test]
fn no_publisher_is_connected_to() {
    let publisher = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    publisher.set_nonblocking(true).unwrap();
    let port = publisher.local_addr().unwrap().port();
    let connection = format!("host=127.0.0.1 port={port} connect_timeout=2");
    let source = Database::new();
    source.sql(&format!(
        "create table t (a int); insert into t values (1);
         create subscription s connection '{connection}' publication p
         with (connect = false, slot_name = 'live')"
    ));
    let cluster = server();
    let conninfo = format!("host={} user=postgres", cluster.socket_dir().display());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dump.sql");
    let run = |what: &str, script: &str, expected: &str| {
        fs::write(&path, script).unwrap();
        for options in [&[][..], &["-d", &conninfo]] {
            let run = tool("pg-restore-verify").args(options).arg(&path);
            let output = run.run();
            let lines = output.json_lines();
            let verdict = &lines.last().unwrap()["status"];
            assert_eq!(verdict, expected, "{what} {options:?}: {output:?}");
            let came = publisher.accept().map(|_| ());
            assert!(
                came.is_err(),
                "{what} {options:?} has connected: {output:?}"
            );
        }
    };
    let script = plain(&source, &[]);
    run("clean", &plain(&source, &["--clean"]), "ok");
    let dropped = format!("{script}\nDROP SUBSCRIPTION s;\n");
    // It is not there in the end.
    run("dropped", &dropped, "failed");
    run(
        "again",
        &dropped.replace(
            "DROP SUBSCRIPTION s",
            "drop /* it */ subscription if exists s",
        ),
        "failed",
    );
    for evil in [
        &format!("CREATE SUBSCRIPTION x CONNECTION '{connection}' PUBLICATION p"),
        "ALTER SUBSCRIPTION s SET (slot_name = live); ALTER SUBSCRIPTION s ENABLE; \
         ALTER SUBSCRIPTION s REFRESH PUBLICATION",
    ] {
        run(evil, &format!("{script}\n{evil};\n"), "skipped");
    }
    // And the statements of an archive, which pg_restore runs.
    let path = folder.path().join("dump");
    dump(&source, &["-Fc"], &path);
    replace(&path, "(connect = false", "(enabled = true ");
    for options in [&[][..], &["-d", &conninfo]] {
        let run = tool("pg-restore-verify").args(options).arg(&path);
        expect_not_run(&run.run(), "an archive");
        assert!(publisher.accept().is_err(), "an archive has connected");
    }
    source.sql("alter subscription s set (slot_name = none); drop subscription s");
}

/// A private server is in no network, where the system lets everybody part from it.
#[test]
fn code_of_a_backup_reaches_no_network() {
    let apart = ["--user", "--map-current-user", "--net", "true"];
    let may = std::process::Command::new("unshare").args(apart).status();
    if !may.is_ok_and(|status| status.success()) {
        return;
    }
    let far = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = far.local_addr().unwrap().port();
    // Who is not turned away waits for ever from 16 on: dblink knows no connect_timeout there.
    let (seen, came) = std::sync::mpsc::channel();
    std::thread::spawn(move || far.incoming().try_for_each(|_| seen.send(())));
    let source = Database::new();
    if source.cluster().version().major < 15 {
        return;
    }
    source.sql(&format!(
        "create extension dblink;
         create function known(i int) returns int immutable language plpgsql as $$ begin
             perform public.dblink_connect('host=127.0.0.1 port={port} connect_timeout=2');
             return i;
         exception when others then return i; end $$;
         create table t (a int); insert into t values (1); create index on t (known(a))"
    ));
    let connections = || came.try_iter().count();
    assert!(connections() > 0);
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fc", "-Fp"] {
        let path = folder.path().join(format);
        dump(&source, &[format], &path);
        let output = tool("pg-restore-verify").arg("-v").arg(&path).run();
        expect_verdict(&output, "ok");
        assert!(!output.stderr.contains("reach the network"), "{output:?}");
        assert_eq!(connections(), 0, "{format}: {output:?}");
    }
}
