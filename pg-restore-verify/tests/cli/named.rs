//! On a server that others use: a scratch database, and nothing else touched.

use std::collections::BTreeSet;
use std::fs;
use std::sync::{Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process};
use shared::cluster::{Cluster, ClusterOptions};
use tests::{Database, ToolCommand, eventually, processes_with, start, tool};

use crate::backups::{dump, expect_verdict, failed, plain, shop};

/// All that a server has outside its databases, and what they are like.
const WHOLE_SERVER: &str = "
    select string_agg(line, e'\\n' order by line) from (
        select 'database ' || to_jsonb(d)::text || coalesce(shobj_description(d.oid, 'pg_database'), '')
        from (select oid, datname, datdba, datacl, datallowconn, datconnlimit from pg_database) d
        union all
        select 'role ' || to_jsonb(r)::text || coalesce(shobj_description(r.oid, 'pg_authid'), '')
        from pg_authid r
        union all select 'setting ' || to_jsonb(s)::text from pg_db_role_setting s
        union all select 'tablespace ' || spcname from pg_tablespace
        union all select 'member ' || to_jsonb(m)::text from pg_auth_members m
        union all select 'subscription ' || subname from pg_subscription
    ) as lines (line)";

fn whole(cluster: &Cluster) -> String {
    let mut client = cluster.connect("postgres").unwrap();
    client.query_one(WHOLE_SERVER, &[]).unwrap().get(0)
}

fn scratch_databases(cluster: &Cluster) -> i64 {
    let count = "select count(*) from pg_database where datname like 'pg\\_restore\\_verify%'";
    let mut client = cluster.connect("postgres").unwrap();
    client.query_one(count, &[]).unwrap().get(0)
}

/// A server with a live database and roles of its own.
fn busy() -> Cluster {
    let cluster = start(&ClusterOptions::default());
    let mut client = cluster.connect("postgres").unwrap();
    for sql in [
        "create role app login password 'x'",
        "create database app owner app",
        "comment on database app is 'live'",
        "alter database app set work_mem = '5MB'",
    ] {
        client.batch_execute(sql).unwrap();
    }
    let mut app = cluster.connect("app").unwrap();
    app.batch_execute("create table live as select 1 as one")
        .unwrap();
    cluster
}

fn verify_on(cluster: &Cluster) -> ToolCommand {
    let folder = cluster.socket_dir().display();
    let conninfo = format!(
        "host={folder} port={} user=postgres dbname=app",
        cluster.port()
    );
    tool("pg-restore-verify").args(["-d", &conninfo])
}

/// Whether it is one is seen beside what the definitions are by themselves.
#[test]
fn a_change_is_found_though_another_version_took_the_backup() {
    let (shop, cluster) = (shop(), busy());
    let script = plain(&shop, &[]);
    let (before, version) = script.split_once("-- Dumped by pg_dump version ").unwrap();
    let (_, rest) = version.split_once('\n').unwrap();
    let meddles = "ALTER TABLE app.orders ALTER COLUMN state SET DEFAULT 'paid';\nCOPY app.log ";
    let rest = rest.replacen("COPY app.log ", meddles, 1);
    assert!(rest.contains(meddles));
    let path = tempfile::NamedTempFile::new().unwrap();
    let other = format!("{before}-- Dumped by pg_dump version 12.22\n{rest}");
    fs::write(&path, other).unwrap();
    let everything = whole(&cluster);
    for run in [tool("pg-restore-verify"), verify_on(&cluster)] {
        let output = run.arg(path.path()).run();
        expect_verdict(&output, "failed");
        assert_eq!(failed(&output), ["schema TABLE app.orders"], "{output:?}");
    }
    assert_eq!(whole(&cluster), everything);
}

#[test]
fn every_format_and_nothing_is_left() {
    let shop = shop();
    let cluster = busy();
    let before = whole(&cluster);
    let folder = tempfile::tempdir().unwrap();
    for (name, options) in [
        ("plain", &["-Fp"][..]),
        ("custom", &["-Fc"]),
        ("tar", &["-Ft"]),
        ("created", &["-Fp", "--clean", "--create"]),
        ("created-archive", &["-Fc", "--create"]),
    ] {
        let path = folder.path().join(name);
        dump(&shop, options, &path);
        let output = verify_on(&cluster).arg(&path).run();
        expect_verdict(&output, "ok");
        assert!(
            output.stdout.contains("created without login: shop_owner"),
            "{output:?}"
        );
        assert_eq!(whole(&cluster), before, "{name}");
    }
}

/// A dump with `--create` names the database as it was called. Here that is the live one.
#[test]
fn a_live_database_of_the_same_name_is_not_touched() {
    let source = busy();
    let app = |cluster: &Cluster| {
        let mut client = cluster.connect("app").unwrap();
        let rows = client.query("select * from live", &[]).unwrap();
        rows.len()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sql");
    let pg_dump = shared::programs::Program::find("pg_dump", None).unwrap();
    let output = tests::program(pg_dump.path())
        .server(&source)
        .args(["--clean", "--if-exists", "--create", "app"])
        .run()
        .expect_code(0);
    let more = "ALTER DATABASE app CONNECTION LIMIT 3;\n\
                GRANT CREATE ON DATABASE app TO PUBLIC;\n\
                COMMENT ON DATABASE app IS 'dumped';\n";
    let script = output
        .stdout
        .replacen("CREATE TABLE", &format!("{more}CREATE TABLE"), 1);
    fs::write(&path, script).unwrap();
    let before = whole(&source);
    let output = verify_on(&source).arg(&path).run();
    assert_eq!(whole(&source), before, "{output:?}");
    assert_eq!(app(&source), 1);
}

#[test]
fn what_concerns_the_whole_server_is_refused() {
    let shop = shop();
    let cluster = busy();
    let before = whole(&cluster);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain");
    dump(&shop, &[], &path);
    let script = fs::read_to_string(&path).unwrap();
    let evil = "ALTER ROLE app SUPERUSER;\nCREATE VIEW app.open_orders";
    fs::write(
        &path,
        script.replacen("CREATE VIEW app.open_orders", evil, 1),
    )
    .unwrap();
    let output = verify_on(&cluster).arg(&path).run();
    assert_eq!(failed(&output), [""; 0], "{output:?}");
    assert_eq!(output.json_lines().last().unwrap()["status"], "skipped");
    assert_eq!(output.code(), Some(2), "{output:?}");
    assert!(
        output.stdout.contains("about the whole server"),
        "{output:?}"
    );
    assert_eq!(whole(&cluster), before);
}

#[test]
fn a_subscription_does_not_keep_the_database() {
    let source = Database::new();
    source.sql(
        "create table t (a integer primary key);
         create subscription s connection 'host=192.0.2.1 dbname=x' publication p
         with (connect = false, slot_name = 'precious')",
    );
    let cluster = busy();
    let before = whole(&cluster);
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fp", "-Fc"] {
        let path = folder.path().join(format);
        dump(&source, &[format], &path);
        let output = verify_on(&cluster).arg(&path).run();
        expect_verdict(&output, "ok");
        assert_eq!(whole(&cluster), before, "{format}");
        // And one throw-away server takes it twice.
        let twice = tool("pg-restore-verify").arg(&path).arg(&path).run();
        expect_verdict(&twice, "ok");
    }
    source.sql("alter subscription s set (slot_name = none); drop subscription s");
}

/// Statements that a script may have, and that take long.
const SLEEP: &str =
    "ALTER TABLE public.t ADD CONSTRAINT slow CHECK (pg_catalog.pg_sleep(3600) IS NOT NULL);\n";

/// A backup whose restore takes as long as the test wants: until nobody holds the lock.
fn slow(folder: &std::path::Path) -> std::path::PathBuf {
    // The role is the server's, where other tests do the same.
    static ROLE: Mutex<()> = Mutex::new(());
    let _role = ROLE.lock().unwrap_or_else(PoisonError::into_inner);
    let source = Database::new();
    source.sql("create table t as select generate_series(1, 10) a; create role slow_owner; alter table t owner to slow_owner");
    let path = folder.join("slow.sql");
    dump(&source, &[], &path);
    source.sql("drop owned by slow_owner; drop role slow_owner");
    let script = fs::read_to_string(&path).unwrap();
    let closing = "--\n-- PostgreSQL database dump complete";
    let sleep = format!("{SLEEP}\n{closing}");
    fs::write(&path, script.replacen(closing, &sleep, 1)).unwrap();
    path
}

fn is_restoring(cluster: &Cluster) -> bool {
    let asleep = "select count(*) from pg_stat_activity where query like '%CONSTRAINT slow CHECK (pg\\_catalog.pg\\_sleep%' and pid <> pg_backend_pid()";
    let mut client = cluster.connect("postgres").unwrap();
    client.query_one(asleep, &[]).unwrap().get::<_, i64>(0) > 0
}

#[test]
fn killed_and_the_next_run_removes_what_is_left() {
    let cluster = busy();
    let before = whole(&cluster);
    let folder = tempfile::tempdir().unwrap();
    let path = slow(folder.path());
    let run = verify_on(&cluster).arg(&path).start();
    eventually("the restore is under way", || is_restoring(&cluster));
    // Another run meanwhile takes nothing away.
    let shop = shop();
    let other = folder.path().join("shop");
    dump(&shop, &["-Fc"], &other);
    let meanwhile = verify_on(&cluster).arg(&other).run();
    expect_verdict(&meanwhile, "ok");
    assert_eq!(scratch_databases(&cluster), 1);
    assert!(is_restoring(&cluster));
    let mut client = cluster.connect("postgres").unwrap();
    let name =
        "select datname::text from pg_database where datname like 'pg\\_restore\\_verify\\_%'";
    let name: String = client.query_one(name, &[]).unwrap().get(0);
    // Who would look after it is ended with it, as by the end of a container.
    for caretaker in processes_with(&format!("caretaker of {name}")) {
        let caretaker = Pid::from_raw(caretaker.try_into().unwrap()).unwrap();
        kill_process(caretaker, Signal::KILL).unwrap();
    }
    run.signal(Signal::KILL);
    drop(run);
    eventually("the server has noticed", || {
        // The one in pg_sleep never looks at its client.
        let end = "select pg_terminate_backend(pid) from pg_stat_activity where query like '%CONSTRAINT slow CHECK (pg\\_catalog.pg\\_sleep%' and pid <> pg_backend_pid()";
        client.batch_execute(end).unwrap();
        let locks = "select count(*) from pg_locks where locktype = 'advisory'";
        client.query_one(locks, &[]).unwrap().get::<_, i64>(0) == 0
    });
    assert_ne!(whole(&cluster), before);
    let next = verify_on(&cluster).arg(&other).run();
    expect_verdict(&next, "ok");
    assert_eq!(whole(&cluster), before);
}

#[test]
fn a_signal_ends_the_restore_and_leaves_nothing() {
    let cluster = busy();
    let before = whole(&cluster);
    let folder = tempfile::tempdir().unwrap();
    let path = slow(folder.path());
    for signal in [Signal::TERM, Signal::INT] {
        let run = verify_on(&cluster).arg(&path).start();
        eventually("the restore is under way", || is_restoring(&cluster));
        run.signal(signal);
        let output = run.finish();
        assert_eq!(output.code(), None, "{output:?}");
        assert_eq!(whole(&cluster), before);
    }
}

/// Databases that only look as if they were scratch ones.
#[test]
fn databases_of_others_stay() {
    let cluster = busy();
    let mut client = cluster.connect("postgres").unwrap();
    let ours = "pg_restore_verify_0123456789ab4def8123456789abcdef";
    for sql in [
        "create database pg_restore_verify",
        "create database pg_restore_verify_0123456789ab3def8123456789abcdef",
        "create database pg_restore_verify_0123456789ab4def8123456789abcdee",
        "comment on database pg_restore_verify_0123456789ab4def8123456789abcdee is 'mine'",
    ] {
        client.batch_execute(sql).unwrap();
    }
    let before = whole(&cluster);
    client
        .batch_execute(&format!("create database {ours}"))
        .unwrap();
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop");
    dump(&shop, &["-Fc"], &path);
    expect_verdict(&verify_on(&cluster).arg(&path).run(), "ok");
    assert_eq!(whole(&cluster), before);
}

#[test]
fn by_an_ordinary_role() {
    let cluster = busy();
    let mut client = cluster.connect("postgres").unwrap();
    client
        .batch_execute("create role restorer login createdb createrole")
        .unwrap();
    let before = whole(&cluster);
    let source = Database::new();
    source.sql(
        "create role plain_owner; create schema s authorization plain_owner;
         create table s.t as select generate_series(1, 10) a; alter table s.t owner to plain_owner;
         create index i on s.t (a)",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain");
    dump(&source, &["-Fc"], &path);
    source.sql("drop owned by plain_owner; drop role plain_owner");
    let conninfo = format!("host={} dbname=app", cluster.socket_dir().display());
    let output = tool("pg-restore-verify")
        .args(["-d", &conninfo, "-U", "restorer"])
        .arg(&path)
        .run();
    assert_eq!(failed(&output), Vec::<String>::new(), "{output:?}");
    expect_verdict(&output, "ok");
    // Only a superuser may use amcheck there: nobody should think that it was.
    let lines = output.json_lines();
    let verdict = lines.last().unwrap()["message"].as_str().unwrap();
    assert!(
        verdict.contains("not looked at: btrees 1 B-tree: amcheck"),
        "{verdict}"
    );
    assert_eq!(whole(&cluster), before);
}

/// The run that made a role ends while another one counts on it.
#[test]
fn a_role_stays_as_long_as_anybody_counts_on_it() {
    let cluster = busy();
    let before = whole(&cluster);
    let folder = tempfile::tempdir().unwrap();
    let path = slow(folder.path());
    let script = fs::read_to_string(&path).unwrap();
    // It needs the role early, owns nothing for a while, and then something.
    let table = "--\n-- Name: t; Type: TABLE;";
    let early = "-- Data for Name: x; Type: TABLE DATA; Schema: -; Owner: -\n\n\
                 CREATE TABLE public.early ();\nALTER TABLE public.early OWNER TO slow_owner;\nDROP TABLE public.early;\n\
                 CREATE FUNCTION public.waits() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN \
                 WHILE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'go_on') \
                 LOOP PERFORM pg_catalog.pg_sleep(0.05); END LOOP; RETURN true; END $$;\n\
                 CREATE TABLE public.early (a boolean) PARTITION BY LIST (a);\n\
                 CREATE TABLE public.early_1 PARTITION OF public.early FOR VALUES IN (public.waits());\n\
                 DROP TABLE public.early;\nDROP FUNCTION public.waits();\n\n";
    let other = folder.path().join("other.sql");
    assert!(script.contains(table) && script.contains(SLEEP));
    let changed = script.replacen(table, &format!("{early}{table}"), 1);
    fs::write(&other, changed.replacen(SLEEP, "", 1)).unwrap();
    let first = verify_on(&cluster).arg(&path).start();
    eventually("the first is under way", || is_restoring(&cluster));
    let second = verify_on(&cluster).arg(&other).start();
    let mut client = cluster.connect("postgres").unwrap();
    eventually("the second is under way", || {
        let waits = "select count(*) from pg_stat_activity where query like 'CREATE TABLE public.early\\_1%'";
        client.query_one(waits, &[]).unwrap().get::<_, i64>(0) > 0
    });
    first.signal(Signal::TERM);
    first.finish();
    client.batch_execute("create role go_on").unwrap();
    expect_verdict(&second.finish(), "ok");
    client.batch_execute("drop role go_on").unwrap();
    assert_eq!(whole(&cluster), before);
}

/// A role that may not create what holds them: all of it is refused, and differs.
#[test]
fn no_password_of_the_backup_is_shown() {
    let cluster = busy();
    let mut client = cluster.connect("postgres").unwrap();
    client
        .batch_execute("create role restorer login createdb createrole")
        .unwrap();
    let source = Database::new();
    source.sql(
        "create subscription s connection 'host=192.0.2.1 password=geheim' publication p
             with (connect = false, slot_name = none);
         create extension postgres_fdw;
         create server far foreign data wrapper postgres_fdw options (host '192.0.2.1');
         create user mapping for public server far options (user 'u', password 'geheim');
         create view v as select 1 a",
    );
    let folder = tempfile::tempdir().unwrap();
    let conninfo = format!("host={} dbname=app", cluster.socket_dir().display());
    let with_more = |script: String| {
        let more = "CREATE SUBSCRIPTION late CONNECTION 'password=geheim' PUBLICATION p WITH (x = y);\n\
                    ALTER ROLE app PASSWORD 'geheim';\n";
        format!("{more}{script}\n{more}")
    };
    for (name, options) in [("plain", "-Fp"), ("custom", "-Fc")] {
        let path = folder.path().join(name);
        dump(&source, &[options], &path);
        if name == "plain" {
            let script = fs::read_to_string(&path).unwrap();
            assert!(script.contains("geheim"));
            fs::write(&path, with_more(script)).unwrap();
        }
        let servers = [&["-U", "restorer", "-d", &conninfo][..], &[]];
        // A throw-away one takes all of the archive.
        let servers = servers
            .iter()
            .filter(|options| name == "plain" || !options.is_empty());
        for options in servers {
            let run = tool("pg-restore-verify")
                .args(*options)
                .arg("-v")
                .arg(&path);
            let output = run.run();
            // By a modest role it can't be proved; a throw-away server finds the fault.
            let status = match options.is_empty() {
                true => "failed",
                false => "skipped",
            };
            assert_eq!(
                output.json_lines().last().unwrap()["status"],
                status,
                "{output:?}"
            );
            for shown in [&output.stdout, &output.stderr] {
                assert!(!shown.contains("geheim"), "{output:?}");
            }
        }
    }
    source.sql("drop subscription s");
}

/// The most sessions at a time, of this program's, that a server's log tells of from there on.
fn most_sessions(cluster: &Cluster, from: usize) -> usize {
    let log = fs::read_to_string(cluster.socket_dir().join("log")).unwrap();
    let (mut open, mut most) = (BTreeSet::new(), 0);
    for line in log[from..]
        .lines()
        .filter_map(|line| line.strip_prefix("session "))
    {
        let Some((id, words)) = line.split_once(' ') else {
            continue;
        };
        if words.contains("connection authorized: user=postgres") {
            open.insert(id);
        } else if words.contains("disconnection: ") {
            open.remove(id);
        }
        most = most.max(open.len());
    }
    most
}

/// However many jobs there are, others get in.
#[test]
fn connections_are_left_to_others() {
    let source = Database::new();
    source.sql(
        "do $$ begin for i in 1..30 loop
             execute format('create table t%s as select generate_series(1, 9) a', i);
             execute format('create index on t%s (a)', i);
         end loop; end $$",
    );
    let settings = [
        ("max_connections", "30"),
        ("superuser_reserved_connections", "3"),
        ("log_connections", "on"),
        ("log_disconnections", "on"),
        ("log_line_prefix", "session %c "),
    ];
    let cluster = start(&ClusterOptions {
        settings: settings
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        ..ClusterOptions::default()
    });
    let conninfo = format!("host={} user=postgres", cluster.socket_dir().display());
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fp", "-Fc", "-Fd"] {
        let path = folder.path().join(format);
        let file = format!("--file={}", path.display());
        dump(&source, &[format, &file], &folder.path().join("nothing"));
        let run = tool("pg-restore-verify").args(["-d", &conninfo, "-j", "64"]);
        expect_verdict(&run.arg(&path).run(), "ok");
    }
    let most = most_sessions(&cluster, 0);
    assert!((8..=17).contains(&most), "{most} sessions");
    // Beside as many as there are jobs: one that holds the database, one that asks what it does,
    // and one for a moment.
    for format in ["-Fp", "-Fc", "-Fd"] {
        let from = fs::read(cluster.socket_dir().join("log")).unwrap().len();
        let run = tool("pg-restore-verify").args(["-d", &conninfo, "-j", "2"]);
        expect_verdict(&run.arg(folder.path().join(format)).run(), "ok");
        let most = most_sessions(&cluster, from);
        assert!((3..=5).contains(&most), "{format}: {most} sessions");
    }
}

/// What a server puts into each new database is not in the one that a backup is compared with.
#[test]
fn what_every_new_database_there_has_is_none_of_the_backup() {
    let cluster = start(&ClusterOptions::default());
    let mut template = cluster.connect("template1").unwrap();
    template
        .batch_execute(
            "create extension pg_trgm; create schema house; create table house.rules as select 1 as a;
             create table public.customers (other text); create function public.f() returns int
                 language sql as 'select 7'; create view public.seen as select 1 as b",
        )
        .unwrap();
    drop(template);
    let source = Database::on(&cluster);
    source.sql(
        "create table customers (id int primary key); insert into customers values (1), (2);
         create function f() returns text language sql as 'select ''f''::text';
         create view seen as select id from customers",
    );
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fc", "-Fp"] {
        let path = folder.path().join(format);
        dump(&source, &[format], &path);
        let output = verify_on_postgres(&cluster).arg(&path).run();
        assert_eq!(failed(&output), Vec::<String>::new(), "{output:?}");
        expect_verdict(&output, "ok");
    }
}

fn verify_on_postgres(cluster: &Cluster) -> ToolCommand {
    let folder = cluster.socket_dir().display();
    tool("pg-restore-verify").args([
        "-d",
        &format!("host={folder} user=postgres dbname=postgres"),
    ])
}
