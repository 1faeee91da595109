//! A restore that takes too long, or that does nothing.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use shared::cluster::ClusterOptions;
use shared::programs::Program;
use tempfile::TempDir;
use tests::{Output, eventually, files_in, processes_with, program, start, tool};

use crate::backups::{dump, shop};
use crate::site::{ROWS, Site, expect_rows, recover};

/// PostgreSQL's programs, with a pg_restore that goes round in circles once it is to restore rows.
fn spinning() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let real = Program::find("pg_restore", None)
        .unwrap()
        .path()
        .to_path_buf();
    for entry in fs::read_dir(real.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "pg_restore" {
            symlink(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
    }
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *--section=data*) while :; do :; done;; esac\nexec {} \"$@\"\n",
        real.display()
    );
    tests::write_script(folder.path().join("pg_restore"), script);
    folder
}

fn expect_given_up(output: &Output, words: &str, path: &Path) {
    assert_eq!(output.code(), Some(2), "{output:?}");
    let lines = output.json_lines();
    let verdict = lines
        .iter()
        .find(|line| line["check"] == "verdict")
        .unwrap();
    assert_eq!(verdict["path"], path.to_str().unwrap());
    assert_eq!(verdict["status"], "failed");
    assert!(
        verdict["message"].as_str().unwrap().contains(words),
        "{output:?}"
    );
}

#[test]
fn a_pg_restore_that_goes_round_in_circles_is_ended() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let (custom, plain) = (folder.path().join("custom"), folder.path().join("plain"));
    dump(&shop, &["-Fc"], &custom);
    dump(&shop, &[], &plain);
    let programs = spinning();
    let run = tool("pg-restore-verify").env("PG_BINDIR", programs.path());
    let output = run
        .args(["--stall-timeout", "4s"])
        .arg(&custom)
        .arg(&plain)
        .run();
    expect_given_up(&output, "nothing was read", &custom);
    // The next one is tried no less, on another server.
    let last = output.json_lines().pop().unwrap();
    assert_eq!(
        (&last["check"], &last["status"]),
        (&"verdict".into(), &"ok".into()),
        "{output:?}"
    );
    assert_eq!(
        processes_with(programs.path().to_str().unwrap()),
        Vec::<u32>::new()
    );
}

#[test]
fn also_on_a_named_server() {
    let cluster = start(&ClusterOptions::default());
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let custom = folder.path().join("custom");
    dump(&shop, &["-Fc"], &custom);
    let programs = spinning();
    let conninfo = format!("host={} user=postgres", cluster.socket_dir().display());
    let run = tool("pg-restore-verify").env("PG_BINDIR", programs.path());
    let run = run
        .args(["-d", &conninfo, "--stall-timeout", "4s"])
        .arg(&custom);
    expect_given_up(&run.run(), "nothing was read", &custom);
    let mut client = cluster.connect("postgres").unwrap();
    let left = "select count(*) from pg_database where datname like 'pg\\_restore%'";
    assert_eq!(client.query_one(left, &[]).unwrap().get::<_, i64>(0), 0);
}

/// A script that waits, and one that works, for longer than may pass without anything done.
#[test]
fn work_is_told_from_waiting() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain");
    dump(&shop, &[], &path);
    let script = fs::read_to_string(&path).unwrap();
    let closing = "--\n-- PostgreSQL database dump complete";
    let with = |sql: &str| {
        fs::write(
            &path,
            script.replacen(closing, &format!("{sql}\n\n{closing}"), 1),
        )
        .unwrap();
        tool("pg-restore-verify")
            .args(["--stall-timeout", "4s"])
            .arg(&path)
            .run()
    };
    let asleep = with("SELECT pg_catalog.pg_sleep(3600);");
    expect_given_up(&asleep, "nothing was read", &path);
    let busy = "DO $$ BEGIN WHILE pg_catalog.clock_timestamp() < pg_catalog.now() + interval '8 seconds' \
                LOOP END LOOP; END $$;";
    with(busy).expect_code(0);
    // None of many short statements need be seen at work.
    let short = "DO $$ BEGIN PERFORM pg_catalog.pg_sleep(1); END $$;\n";
    with(&short.repeat(8)).expect_code(0);
    // The session that asks is ended again and again; another one takes its place.
    let lonely = "DO $$ BEGIN WHILE pg_catalog.clock_timestamp() < pg_catalog.now() + interval '9 seconds' \
                  LOOP IF pg_catalog.clock_timestamp() < pg_catalog.now() + interval '2 seconds' THEN \
                  PERFORM pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
                  WHERE query LIKE '-- Does any session of the restore%'; \
                  PERFORM pg_catalog.pg_stat_clear_snapshot(); END IF; \
                  END LOOP; END $$;";
    with(lonely).expect_code(0);
}

#[test]
fn a_backup_that_takes_too_long_as_a_whole() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain");
    dump(&shop, &[], &path);
    let script = fs::read_to_string(&path).unwrap();
    let closing = "--\n-- PostgreSQL database dump complete";
    let forever = "DO $$ BEGIN LOOP END LOOP; END $$;";
    fs::write(
        &path,
        script.replacen(closing, &format!("{forever}\n\n{closing}"), 1),
    )
    .unwrap();
    let output = tool("pg-restore-verify")
        .args(["--timeout", "3s"])
        .arg(&path)
        .run();
    expect_given_up(&output, "given up after", &path);
}

/// What lies on a mount that is gone answers nobody, as a pipe does that nobody writes to.
#[test]
fn what_can_not_be_read_is_not_waited_for() {
    let site = Site::new();
    let backup = site.back_up("base", &[]);
    site.add();
    let last = site.wal().join(site.archive());
    let temporary = tempfile::tempdir().unwrap();
    fs::set_permissions(temporary.path(), Permissions::from_mode(0o1777)).unwrap();
    let run = || {
        let run = site.recover(&backup).args(["--stall-timeout", "4s"]);
        run.env("TMPDIR", temporary.path()).run()
    };
    expect_rows(&run(), ROWS + 1);
    fs::remove_file(&last).unwrap();
    program("mkfifo").arg(&last).run().expect_code(0);
    expect_given_up(&run(), "nothing was read", &backup);
    eventually("the copy is gone", || files_in(temporary.path()).is_empty());
    // The backup itself.
    let pipe = site.path("base.pipe");
    program("mkfifo").arg(&pipe).run().expect_code(0);
    let output = recover(&pipe).args(["--timeout", "1s"]).run();
    expect_given_up(&output, "given up after", &pipe);
}
