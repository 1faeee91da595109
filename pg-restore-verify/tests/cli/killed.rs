//! The tool, or its server, is killed in the midst of it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use shared::cluster::ClusterOptions;
use tempfile::TempDir;
use tests::{Database, Output, ToolCommand, eventually, files_in, processes_with, start, tool};

use crate::backups::{dump, expect_verdict, shop};
use crate::site::{Site, recover};

/// A folder for throw-away servers, where nothing else is.
fn place() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), Permissions::from_mode(0o1777)).unwrap();
    place
}

fn folders(place: &Path) -> Vec<String> {
    let all = files_in(place).into_iter();
    all.filter(|name| name.starts_with("pg-throwaway-") && !name.contains("templates"))
        .collect()
}

/// How long a whole run takes, and moments all over it.
fn moments(run: ToolCommand) -> impl Iterator<Item = Duration> {
    let began = Instant::now();
    expect_verdict(&run.run(), "ok");
    let whole = began.elapsed();
    let mut random = whole.subsec_nanos();
    (0..8).map(move |part| {
        // Numerical Recipes' generator; somewhere within this eighth.
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        whole * part / 8 + whole / 8 * (random >> 24) / 256
    })
}

#[test]
fn at_any_moment_no_server_is_left() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let (custom, plain) = (folder.path().join("custom"), folder.path().join("plain"));
    dump(&shop, &["-Fc"], &custom);
    dump(&shop, &[], &plain);
    let place = place();
    let text = place.path().display().to_string();
    let run = || {
        let run = tool("pg-restore-verify").args([&custom, &plain]);
        run.env("TMPDIR", place.path())
    };
    for moment in moments(run()) {
        let started = run().start();
        thread::sleep(moment);
        started.signal(Signal::KILL);
        drop(started);
        eventually(&format!("all is gone, killed after {moment:?}"), || {
            folders(place.path()).is_empty() && processes_with(&text).is_empty()
        });
    }
}

#[test]
fn at_any_moment_no_database_is_left_on_a_server_of_others() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let custom = folder.path().join("custom");
    dump(&shop, &["-Fc"], &custom);
    let cluster = start(&ClusterOptions::default());
    let conninfo = format!("host={} user=postgres", cluster.socket_dir().display());
    let run = || {
        tool("pg-restore-verify")
            .args(["-d", &conninfo])
            .arg(&custom)
    };
    let mut client = cluster.connect("postgres").unwrap();
    let mut number = |query: &str| client.query_one(query, &[]).unwrap().get::<_, i64>(0);
    let others = "select count(*) from pg_stat_activity
                  where backend_type = 'client backend' and pid <> pg_backend_pid()";
    let left = "select (select count(*) from pg_database where datname like 'pg\\_restore%')
                     + (select count(*) from pg_roles where rolname = 'shop_owner')";
    for moment in moments(run()) {
        let started = run().start();
        thread::sleep(moment);
        started.signal(Signal::KILL);
        drop(started);
        eventually("it is dropped by nobody else", || {
            number(left) == 0 && number(others) == 0
        });
    }
}

/// A backup whose restore lasts until somebody ends it, but where it was made.
fn endless(format: &str, path: &Path) {
    let source = Database::new();
    source.sql(
        "create table t as select 1 as a;
         create function wait(a int) returns int language plpgsql immutable as $$ begin
             if current_database() = 'pg_restore_verify' then perform pg_sleep(3600); end if;
             return a; end $$;
         create index on t (wait(a))",
    );
    dump(&source, &[format], path);
}

/// Starts it, and kills its server as soon as one of its sessions is asleep, and `many` of them are
/// in a transaction.
fn killed_asleep(run: ToolCommand, place: &Path, many: i64) -> Output {
    let run = run.env("TMPDIR", place).start();
    let asleep = format!(
        "select coalesce(bool_or(wait_event = 'PgSleep') and count(*) >= {many}, false)
         from pg_stat_activity where xact_start is not null and pid <> pg_backend_pid()
             and backend_type = 'client backend'"
    );
    let is_asleep = |folder: &str| {
        let mut config = postgres::Config::new();
        config.host_path(place.join(folder));
        config.user("postgres").dbname("template1");
        let client = config.connect(postgres::NoTls);
        client.is_ok_and(|mut client| client.query_one(&asleep, &[]).unwrap().get(0))
    };
    eventually("the restore is under way", || {
        folders(place).iter().any(|folder| is_asleep(folder))
    });
    kill_server(&place.join(&folders(place)[0]));
    run.finish()
}

fn kill_server(folder: &Path) {
    let pid = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    let pid = pid.lines().next().unwrap().parse().unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}

#[track_caller]
fn expect_not_to_blame(output: &Output, status: &str, words: &str) {
    assert_eq!(output.code(), Some(2), "{output:?}");
    assert!(output.stderr.contains(words), "{output:?}");
    let verdict = output.json_lines().pop().unwrap();
    assert_eq!(verdict["check"], "verdict", "{output:?}");
    assert_eq!(verdict["status"], status, "{output:?}");
    assert!(
        verdict["message"].as_str().unwrap().contains(words),
        "{output:?}"
    );
}

const ENDED: &str = "the throw-away server ended before the restore did";

#[test]
fn its_server_is_killed_and_the_backup_is_not_to_blame() {
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fp", "-Fc"] {
        let place = place();
        let path = folder.path().join(format);
        endless(format, &path);
        let run = tool("pg-restore-verify").arg(&path);
        let output = killed_asleep(run, place.path(), 1);
        expect_not_to_blame(&output, "skipped", ENDED);
        assert_eq!(folders(place.path()), [""; 0]);
    }
}

#[test]
fn also_while_rows_go_to_several_sessions() {
    let source = Database::new();
    // Two rows of which each keeps one session for ever.
    source.sql(
        "create table t (a int check (case when a % 20000 = 0 and current_database() = 'pg_restore_verify'
                                           then pg_sleep(3600)::text = '' else true end), words text);
         insert into t select i, repeat(md5(i::text), 20) from generate_series(1, 40000) i",
    );
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fp", "-Fc"] {
        let place = place();
        let path = folder.path().join(format);
        dump(&source, &[format], &path);
        let run = tool("pg-restore-verify").arg("-j4").arg(&path);
        let output = killed_asleep(run, place.path(), 2);
        expect_not_to_blame(&output, "skipped", ENDED);
        assert_eq!(folders(place.path()), [""; 0]);
    }
}

#[test]
fn also_while_what_was_restored_is_proved() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain");
    dump(&shop, &[], &path);
    let place = place();
    let run = tool("pg-restore-verify").args(["--expect", "select pg_sleep(3600) is null = false"]);
    let output = killed_asleep(run.arg(&path), place.path(), 1);
    expect_not_to_blame(&output, "skipped", ENDED);
    assert_eq!(folders(place.path()), [""; 0]);
}

#[test]
fn also_while_a_physical_backup_is_proved() {
    let site = Site::new();
    let backup = site.back_up("base", &[]);
    let place = place();
    let run = recover(&backup).args(["--expect", "select pg_sleep(3600) is null = false"]);
    let output = killed_asleep(run, place.path(), 1);
    expect_not_to_blame(&output, "skipped", ENDED);
    assert_eq!(folders(place.path()), [""; 0]);
}

#[test]
fn a_server_of_others_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fp", "-Fc"] {
        let source = Database::new();
        source.sql(&format!(
            "create table t as select 1 as a;
             create function wait(a int) returns int language plpgsql immutable as $$ begin
                 if current_database() <> '{}' then perform pg_sleep(3600); end if;
                 return a; end $$;
             create index on t (wait(a))",
            source.name()
        ));
        let path = folder.path().join(format);
        dump(&source, &[format], &path);
        let cluster = start(&ClusterOptions::default());
        let conninfo = format!("host={} user=postgres", cluster.socket_dir().display());
        let run = tool("pg-restore-verify").args(["-d", &conninfo]);
        let run = run.arg(&path).start();
        let mut client = cluster.connect("postgres").unwrap();
        let asleep = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
        eventually("the restore is under way", || {
            client.query_one(asleep, &[]).unwrap().get::<_, i64>(0) > 0
        });
        kill_server(cluster.socket_dir());
        let words = "the server ended, or the session that restored on it";
        expect_not_to_blame(&run.finish(), "skipped", words);
    }
}
