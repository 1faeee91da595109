//! `--promote`: the restored database takes the place of the live one, or nothing changes.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use rustix::process::Signal;
use shared::cluster::{Cluster, ClusterOptions};
use tempfile::TempDir;
use tests::{Output, ToolCommand, eventually, program, start, tool};

use crate::backups::{expect_verdict, failed};

/// A server with a database that was backed up before something went wrong in it.
struct Place {
    cluster: Cluster,
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let cluster = start(&ClusterOptions::default());
        let folder = tempfile::tempdir().unwrap();
        let place = Self { cluster, folder };
        for sql in [
            "create role app login",
            "create role reader login",
            "create role auditor",
            "create database \"my app\" owner app",
            "revoke all on database \"my app\" from public",
            "grant connect on database \"my app\" to reader with grant option",
            "set role reader; grant connect on database \"my app\" to auditor",
            "alter database \"my app\" connection limit 50",
            "comment on database \"my app\" is 'it''s live'",
            "alter database \"my app\" set search_path = \"$user\", public, \"odd, name\"",
            "alter database \"my app\" set work_mem = '5MB'",
            "alter database \"my app\" set temp_tablespaces = ''",
            "alter role reader in database \"my app\" set application_name = 'a, b'",
        ] {
            place.sql("postgres", sql);
        }
        place.sql("my app", "create table users as select generate_series(1, 500) id; alter table users owner to app");
        let pg_dump = shared::programs::Program::find("pg_dump", None).unwrap();
        program(pg_dump.path())
            .server(&place.cluster)
            .args(["-Fc", "-f"])
            .arg(place.backup())
            .arg("my app")
            .run()
            .expect_code(0);
        place.sql("my app", "delete from users where id > 3");
        place
    }

    fn sql(&self, database: &str, sql: &str) {
        let mut client = self.cluster.connect(database).unwrap();
        client
            .batch_execute(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    fn backup(&self) -> PathBuf {
        self.folder.path().join("app.dump")
    }

    fn promote(&self, more: &[&str], backup: &Path) -> Output {
        self.promoting(more, backup).run()
    }

    fn promoting(&self, more: &[&str], backup: &Path) -> ToolCommand {
        let conninfo = format!(
            "host={} user=postgres dbname='my app'",
            self.cluster.socket_dir().display()
        );
        let run = tool("pg-restore-verify").args(["-d", &conninfo, "--promote", "my app"]);
        run.args(more).arg(backup)
    }

    fn value(&self, database: &str, query: &str) -> String {
        let mut client = self.cluster.connect(database).unwrap();
        let row = client.query_one(query, &[]).unwrap();
        row.get::<_, Option<String>>(0).unwrap_or_default()
    }

    fn users(&self, database: &str) -> String {
        self.value(database, "select count(*)::text from users")
    }

    /// The databases with their properties, the numbers that they have left out.
    fn databases(&self) -> String {
        self.value(
            "postgres",
            "select string_agg(line, e'\\n' order by line) from (
                 select concat_ws(' ', datname, datdba::regrole,
                                  (select array_agg(a::text order by a::text) from unnest(datacl) a), datallowconn, datconnlimit,
                                  shobj_description(d.oid, 'pg_database'),
                                  (select array_agg((setrole::regrole, setconfig)::text order by setrole)
                                   from pg_db_role_setting where setdatabase = d.oid))
                 from pg_database d) as lines (line)",
        )
    }

    /// The properties of one.
    fn properties(&self, name: &str) -> String {
        let line = self.databases();
        let line = line
            .lines()
            .find(|line| line.starts_with(&format!("{name} app")));
        line.unwrap_or_default()[name.len()..].to_string()
    }

    fn before(&self) -> String {
        self.value("postgres", "select string_agg(datname, ',') from pg_database where datname like 'my app\\_before\\_%'")
    }
}

#[test]
fn the_live_one_is_kept_under_a_dated_name() {
    let place = Place::new();
    let properties = place.properties("my app");
    assert!(properties.contains("it's live"), "{properties}");
    let mut session = place.cluster.connect("my app").unwrap();
    let output = place.promote(&[], &place.backup());
    expect_verdict(&output, "ok");
    assert!(
        session.batch_execute("select 1").is_err(),
        "a session outlives it"
    );
    let before = place.before();
    assert!(output.stdout.contains(&before), "{output:?}");
    assert_eq!(
        (
            place.users("my app").as_str(),
            place.users(&before).as_str()
        ),
        ("500", "3")
    );
    assert_eq!(place.properties("my app"), properties);
    assert_eq!(place.properties(&before), properties);
    assert_eq!(
        place.value(
            "my app",
            "select reltuples::bigint::text from pg_class where relname = 'users'"
        ),
        "500"
    );
    assert!(!place.databases().contains("pg_restore_verify"));
    let mut reader = postgres::Config::new();
    reader
        .host_path(place.cluster.socket_dir())
        .user("reader")
        .dbname("my app");
    reader.connect(postgres::NoTls).unwrap();
}

#[test]
fn a_dry_run_changes_nothing() {
    let place = Place::new();
    let all = place.databases();
    let output = place.promote(&["--dry-run"], &place.backup());
    expect_verdict(&output, "ok");
    assert!(output.stdout.contains("would be kept as"), "{output:?}");
    assert_eq!(place.databases(), all);
    assert_eq!(place.users("my app"), "3");
}

#[test]
fn refused_unless_everything_was_proved() {
    let place = Place::new();
    let all = place.databases();
    let damaged = place.folder.path().join("damaged.dump");
    let bytes = std::fs::read(place.backup()).unwrap();
    std::fs::write(&damaged, &bytes[..bytes.len() - 20]).unwrap();
    let unmet = ["--expect", "select count(*) from users=501"];
    for (more, backup, check) in [
        (&unmet[..], place.backup(), "expect"),
        (&[], damaged, "archive"),
    ] {
        let output = place.promote(more, &backup);
        expect_verdict(&output, "failed");
        let faults = failed(&output);
        assert!(
            faults.iter().any(|one| one.starts_with(check)),
            "{output:?}"
        );
        let lines = output.json_lines();
        let refused = lines.iter().find(|line| line["check"] == "promote");
        assert_eq!(refused.unwrap()["status"], "skipped", "{output:?}");
        // The live one is as it was, the other gone.
        assert_eq!(place.databases(), all);
        assert_eq!(place.users("my app"), "3");
        assert_eq!(place.before(), "");
    }
}

/// Who may only log in can store any text as the search_path of a role of theirs.
#[test]
fn a_stored_setting_is_no_sql() {
    let place = Place::new();
    let text = "x;alter/**/role/**/joe/**/superuser";
    place.sql("postgres", "create role joe login");
    place.sql("my app", "grant connect on database \"my app\" to joe");
    let mut joe = postgres::Config::new();
    joe.host_path(place.cluster.socket_dir()).user("joe");
    let mut joe = joe.dbname("my app").connect(postgres::NoTls).unwrap();
    joe.batch_execute(&format!(
        "select set_config('search_path', '{text}', false);
         alter role joe in database \"my app\" set search_path from current"
    ))
    .unwrap();
    let properties = place.properties("my app");
    assert!(properties.contains(text), "{properties}");
    let output = place.promote(&[], &place.backup());
    let is_super = "select rolsuper::text from pg_roles where rolname = 'joe'";
    assert_eq!(place.value("postgres", is_super), "false");
    expect_verdict(&output, "ok");
    assert_eq!(place.properties("my app"), properties);
}

#[test]
fn undone_if_anything_fails() {
    let place = Place::new();
    // The last thing before the names: a setting that can't be made again.
    place.sql(
        "postgres",
        "update pg_db_role_setting set setconfig = setconfig || '{no_such_setting=1}'
         where setdatabase = (select oid from pg_database where datname = 'my app') and setrole = 0",
    );
    let all = place.databases();
    let output = place.promote(&[], &place.backup());
    assert_eq!(output.code(), Some(2), "{output:?}");
    assert!(output.stderr.contains("is as it was"), "{output:?}");
    assert_eq!(place.databases(), all);
    assert_eq!(place.users("my app"), "3");
}

#[test]
fn what_stands_in_the_way_is_said() {
    let place = Place::new();
    place.sql(
        "my app",
        "create subscription s connection 'host=192.0.2.1' publication p with (connect = false, slot_name = none)",
    );
    place.sql("my app", "update pg_subscription set subenabled = true");
    let all = place.databases();
    let output = place.promote(&[], &place.backup());
    assert_eq!(output.code(), Some(2), "{output:?}");
    assert!(
        output.stderr.contains("subscriptions are enabled: s"),
        "{output:?}"
    );
    assert_eq!(place.databases(), all);
    let several = place.promote(&[place.backup().to_str().unwrap()], &place.backup());
    several.expect_error("takes one backup");
}

#[test]
fn a_database_that_is_gone_comes_back() {
    let place = Place::new();
    place.sql("postgres", "drop database \"my app\"");
    let output = place.promote(&[], &place.backup());
    expect_verdict(&output, "ok");
    assert_eq!(place.users("my app"), "500");
    assert_eq!(place.before(), "");
}

/// The server went down between two steps: the live database is open again after the next run.
#[test]
fn a_promotion_that_was_torn_apart_is_undone() {
    let place = Place::new();
    let all = place.databases();
    let scratch = "pg_restore_verify_0123456789ab4def8123456789abcdef";
    for sql in [
        format!("create database {scratch}"),
        format!("comment on database {scratch} is 'pg-restore-verify: takes the place of my app'"),
        "alter database \"my app\" allow_connections false".to_string(),
    ] {
        place.sql("postgres", &sql);
    }
    let output = place.promote(&["--dry-run"], &place.backup());
    expect_verdict(&output, "ok");
    assert_eq!(place.databases(), all);
}

/// Which of the two has the name after a run, and whether all is in order then.
fn expect_either(place: &Place, users: &[&str]) {
    let output = place.promote(&["--dry-run"], &place.backup());
    expect_verdict(&output, "ok");
    let found = place.users("my app");
    assert!(users.contains(&found.as_str()), "{found}: {output:?}");
    assert!(!place.databases().contains("pg_restore_verify"));
    let properties = place.properties("my app");
    assert!(properties.contains("it's live"), "{properties}");
    match found.as_str() {
        "500" => assert_eq!(place.users(&place.before()), "3"),
        _ => assert_eq!(place.before(), ""),
    }
}

fn nobody_is_there(place: &Place) {
    let others = "select count(*)::text from pg_stat_activity
                  where backend_type = 'client backend' and pid <> pg_backend_pid()";
    eventually("the server has noticed", || {
        place.value("postgres", others) == "0"
    });
}

/// Held up in the midst of it, with both databases closed, and killed.
#[test]
fn killed_in_the_midst_of_it() {
    for (ends_session, users) in [(false, "500"), (true, "3")] {
        let place = Place::new();
        let mut holder = place.cluster.connect("postgres").unwrap();
        holder
            .batch_execute("begin; comment on database \"my app\" is 'it''s live'")
            .unwrap();
        let run = place.promoting(&[], &place.backup()).start();
        let waits = "select coalesce(min(pid), 0)::text from pg_locks where not granted
                     and classid = 'pg_database'::regclass";
        let mut waiting = String::new();
        eventually("it waits for the name", || {
            waiting = place.value("postgres", waits);
            waiting != "0"
        });
        // Not by connecting, which would stand in the queue for the name.
        let open = "select datallowconn::text from pg_database where datname = 'my app'";
        assert_eq!(place.value("postgres", open), "false");
        run.signal(Signal::KILL);
        drop(run);
        if ends_session {
            let end = format!("select pg_terminate_backend({waiting})");
            place.sql("postgres", &end);
        }
        holder.batch_execute("commit").unwrap();
        drop(holder);
        nobody_is_there(&place);
        expect_either(&place, &[users]);
    }
}

#[test]
fn killed_at_any_moment_one_of_both_has_the_name() {
    let place = Place::new();
    let began = Instant::now();
    let output = place.promote(&["--dry-run"], &place.backup());
    expect_verdict(&output, "ok");
    let whole = began.elapsed();
    // The promotion is the last thing of a run.
    for percent in [60, 80, 90, 100] {
        let mut run = place.promoting(&[], &place.backup()).start();
        thread::sleep(whole * percent / 100);
        if !run.has_ended() {
            run.signal(Signal::KILL);
        }
        drop(run);
        nobody_is_there(&place);
        if place.before().is_empty() {
            expect_either(&place, &["3"]);
        } else {
            return expect_either(&place, &["500"]);
        }
    }
}
