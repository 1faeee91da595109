//! What one run foresees, passes on and survives, whatever it dumps.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod setting;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;
use setting::{actions, back_up, database_with_rows, folder, path_of, text, visible};
use shared::cluster::ClusterOptions;
use shared::programs::Program;
use tests::{Database, SilentListener, eventually, program};

/// The rows of a plain backup's script.
fn script(path: &Path) -> String {
    program("gunzip").arg("-c").arg(path).run().stdout
}

#[test]
fn options_after_the_dashes_reach_pg_dump_and_make_a_series() {
    let database = database_with_rows(3);
    let dir = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let run = back_up(&database, dir.path()).args(["-F", "plain", "--keep-last", "1"]);
        run.args(arguments).run().expect_code(0)
    };
    let usual = run(&[]);
    let inserts = run(&["--", "--rows-per-insert=2", "--no-comments"]);
    assert_eq!(actions(&inserts).len(), 1, "another series: {inserts:?}");
    assert!(script(&path_of(&inserts)).contains("INSERT INTO public.orders VALUES"));
    let manifest = fs::read_to_string(setting::manifest(&path_of(&inserts))).unwrap();
    assert!(manifest.contains("\"--rows-per-insert=2\""), "{manifest}");
    let again = run(&["--", "--no-comments", "--rows-per-insert=2"]);
    assert_eq!(
        actions(&again)[1].0,
        "deleted",
        "the order makes no difference"
    );
    assert!(path_of(&usual).exists());
}

/// It may be another each time, and is nobody's to see.
#[test]
fn the_key_of_the_restricted_mode_makes_no_series() {
    let database = database_with_rows(3);
    let dir = tempfile::tempdir().unwrap();
    let run = back_up(&database, dir.path()).args(["-F", "plain", "--keep-last", "1"]);
    run.run().expect_code(0);
    for word in ["--restrict-key=s3cret", "--restr=s3cret"] {
        let run = back_up(&database, dir.path()).args(["-F", "plain", "--keep-last", "1"]);
        let output = run.args(["--", word]).run().expect_code(0);
        assert_eq!(actions(&output)[1].0, "deleted", "{output:?}");
        assert!(script(&path_of(&output)).contains("\\restrict s3cret\n"));
        let manifest = fs::read_to_string(setting::manifest(&path_of(&output))).unwrap();
        assert!(!manifest.contains("s3cret") && !output.stdout.contains("s3cret"));
    }
}

#[test]
fn what_drops_first_restores_into_an_empty_database_too() {
    let database = database_with_rows(3);
    let dir = tempfile::tempdir().unwrap();
    let run = back_up(&database, dir.path()).args(["-F", "plain"]);
    let output = run.args(["--", "--clean", "--if-exists"]).run();
    let command = text(&output.expect_code(0).json_lines()[0], "restore_command");
    let (cluster, name) = (database.cluster(), database.name().to_string());
    drop(database);
    let empty = Database::named(cluster, &name);
    for _ in 0..2 {
        let restored = program("sh").args(["-c", &command]).server(cluster).run();
        restored.expect_code(0);
        assert_eq!(empty.value("select count(*) from orders"), "3");
    }
}

#[test]
fn what_is_refused_after_the_dashes_quotes_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    for word in [
        "--dbname=postgresql://u:s3cret@h/d",
        "-dhost=h password=s3cret",
        "s3cret@h",
    ] {
        let output = folder(dir.path()).args(["--", word]).run().expect_code(2);
        let output = output.expect_no_output();
        assert!(!output.stderr.contains("s3cret"), "{output:?}");
    }
}

#[test]
fn a_dry_run_foresees_each_of_several() {
    let databases = [database_with_rows(1), database_with_rows(1)];
    let long = Database::named(tests::cluster(), &"'".repeat(63));
    let dir = tempfile::tempdir().unwrap();
    let run = |more: &[&str]| {
        let given = databases
            .iter()
            .flat_map(|database| ["-d", database.name()]);
        let run = folder(dir.path()).server(tests::cluster()).args(given);
        run.args(["--globals", "--keep-last", "1"]).args(more)
    };
    run(&[]).run().expect_code(0);
    let before = tests::files_in(dir.path());
    let rehearsed = run(&["--dry-run"]).run().expect_code(0);
    let count = |action: &str| {
        let actions = actions(&rehearsed);
        actions.iter().filter(|(told, _)| told == action).count()
    };
    assert_eq!(
        (count("would_create"), count("would_delete")),
        (3, 3),
        "{rehearsed:?}"
    );
    let sets: Vec<Value> = rehearsed
        .json_lines()
        .iter()
        .map(|r| r["set"].clone())
        .collect();
    assert!(sets.iter().all(Value::is_string), "{rehearsed:?}");
    let label = "a-label-of-thirty-two-characters";
    let more = [
        "--dry-run",
        "-d",
        "nonesuch",
        "-d",
        long.name(),
        "--label",
        label,
    ];
    let output = run(&more).run().expect_code(1);
    for words in ["database \"nonesuch\" does not exist", "can't be that long"] {
        assert!(output.stderr.contains(words), "{output:?}");
    }
    assert_eq!(tests::files_in(dir.path()), before);
}

#[test]
fn a_dry_run_foresees_a_folder_that_can_not_be_written() {
    let database = database_with_rows(1);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("x")] {
        let output = back_up(&database, &path).arg("--dry-run").run();
        output.expect_code(2).expect_error("file is not a folder");
    }
    let Some(uid) = tests::another_user() else {
        return;
    };
    let database = Database::on(tests::tcp_cluster());
    let (port, name) = (tests::tcp_cluster().port(), database.name());
    let conninfo = format!("host=127.0.0.1 port={port} user=postgres dbname={name}");
    let theirs = tests::private_folder(0);
    fs::set_permissions(theirs.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for path in [theirs.path().to_path_buf(), theirs.path().join("new")] {
        let run = folder(&path)
            .args(["-d", &conninfo, "--dry-run"])
            .as_user(uid);
        run.run().expect_code(2).expect_error("could not write to");
    }
}

#[test]
fn a_signal_ends_all_that_are_dumped_side_by_side() {
    let databases: Vec<Database> = (0..3).map(|_| database_with_rows(10)).collect();
    let dir = tempfile::tempdir().unwrap();
    let mut holders: Vec<_> = databases.iter().map(Database::client).collect();
    for holder in &mut holders {
        let lock = "begin; lock table orders in access exclusive mode";
        holder.batch_execute(lock).unwrap();
    }
    let given = databases
        .iter()
        .flat_map(|database| ["-d", database.name()]);
    let run = folder(dir.path()).server(tests::cluster()).args(given);
    let running = run.args(["-j", "2"]).start();
    let waiting = "select count(*) from pg_locks where not granted";
    eventually("two wait for their locks", || {
        databases[0].value(waiting) == "2"
    });
    running.signal(Signal::TERM);
    let output = running.finish().expect_no_output();
    assert_eq!(output.signal(), Some(Signal::TERM.as_raw()), "{output:?}");
    let words = "pg-dump-rotate: error: interrupted by SIGTERM\n";
    assert_eq!(output.stderr, words);
    assert!(visible(dir.path()).is_empty(), "{:?}", visible(dir.path()));
    eventually("pg_dump is gone", || databases[0].value(waiting) == "0");
}

/// Of several hosts pg_dump takes the one that our session reached, and no other: the first one
/// takes connections and never answers.
#[test]
fn pg_dump_goes_to_the_host_that_was_reached() {
    let silent = SilentListener::new();
    let cluster = tests::tcp_cluster();
    let database = Database::on(cluster);
    let dir = tempfile::tempdir().unwrap();
    let conninfo = format!(
        "host=127.0.0.1,127.0.0.1 port={},{} user=postgres connect_timeout=2 dbname={}",
        silent.port(),
        cluster.port(),
        database.name()
    );
    let run = folder(dir.path()).args(["-d", &conninfo]);
    let running = run.start();
    let (first, _) = silent.accept();
    running.finish().expect_code(0);
    drop(first);
    let listener = silent.into_inner();
    listener.set_nonblocking(true).unwrap();
    assert!(
        listener.accept().is_err(),
        "pg_dump went to the first one again"
    );
}

/// A command of one word is a pg_dump of this machine: with our session and our environment.
#[test]
fn a_pg_dump_of_this_machine_can_be_named() {
    let database = database_with_rows(3);
    let dir = tempfile::tempdir().unwrap();
    let real = Program::find("pg_dump", None).unwrap();
    let run = back_up(&database, dir.path())
        .arg("--pg-dump")
        .arg(real.path());
    let output = run.arg("--globals").run().expect_code(0);
    assert_eq!(actions(&output).len(), 2);
    let old = dir.path().join("pg_dump");
    tests::write_script(&old, "#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6'\n");
    let run = back_up(&database, dir.path()).arg("--pg-dump").arg(&old);
    let words = "pg_dump by --pg-dump is version 9.6, and the server is";
    run.run().expect_code(2).expect_error(words);
    let run = back_up(&database, dir.path()).args(["--pg-dump", "/usr/bin/env"]);
    run.run()
        .expect_code(2)
        .expect_error("pg_dump by \"/usr/bin/env\"");
}

/// ssh hands one line to a shell on the other host, which splits it again.
#[test]
fn words_reach_pg_dump_by_ssh_as_they_are() {
    let cluster = tests::start(&ClusterOptions::default());
    let database = Database::named(&cluster, "it's an app");
    database.sql("create table \"Odd $(id) name\" as select 1 as a; create table other (a int)");
    let bin = tempfile::tempdir().unwrap();
    let ssh = bin.path().join("ssh");
    let pg_dump = Program::find("pg_dump", None).unwrap();
    let far = format!(
        "#!/bin/sh\nshift\nexec env -i PATH=/usr/bin:/bin PGHOST={} PGPORT={} sh -c \"$*\"\n",
        cluster.socket_dir().display(),
        cluster.port()
    );
    tests::write_script(&ssh, far);
    let dir = tempfile::tempdir().unwrap();
    let command = format!("{} host {}", ssh.display(), pg_dump.path().display());
    let run = folder(dir.path()).args(["--pg-dump", &command, "-U", "postgres"]);
    let run = run.args([
        "-d",
        "it's an app",
        "-F",
        "plain",
        "-t",
        "\"Odd $(id) name\"",
    ]);
    // PostgreSQL need not be on this machine at all.
    let run = run.env("PG_BINDIR", bin.path());
    let output = run.run().expect_code(0);
    let script = script(&path_of(&output));
    assert!(
        script.contains("COPY public.\"Odd $(id) name\""),
        "{script}"
    );
    assert!(!script.contains("other"));
    let record = &output.json_lines()[0];
    assert_eq!(record["database"], "it's an app");
    assert_eq!(record["server_version"], cluster.version().to_string());
}

/// However a pattern is written.
#[test]
fn a_passed_pattern_that_matches_nothing_is_an_error() {
    if tests::cluster().version().major < 14 {
        return eprintln!("passed over: pg_dump knows --extension from 14");
    }
    let database = database_with_rows(1);
    let dir = tempfile::tempdir().unwrap();
    for words in [&["-enosuch"][..], &["-eplpgsql", "-enosuch"]] {
        let run = back_up(&database, dir.path()).arg("--").args(words).run();
        run.expect_code(2).expect_error("nosuch");
        assert!(visible(dir.path()).is_empty());
    }
}
