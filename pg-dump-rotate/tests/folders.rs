//! Folders of every kind: full, read-only, elsewhere, crowded, and with things in them
//! that are not ours.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod setting;

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use setting::{actions, back_up, database_with_rows, folder, manifest, path_of, text, visible};
use shared::programs::Program;
use tests::{Database, ToolCommand, eventually, files_in, program};

const FORMATS: [&str; 2] = ["custom", "directory"];

/// The run fails, says this, and everything is as before.
#[track_caller]
fn expect_nothing_done(run: ToolCommand, dir: &Path, words: &str) {
    let before = visible(dir);
    run.run().expect_code(2).expect_error(words);
    assert_eq!(visible(dir), before);
}

#[test]
fn a_disk_that_is_full_for_the_manifest() {
    let database = database_with_rows(10);
    let tables = "do $$ begin for n in 1..100 loop
         execute format('create table t%s (a int, b int, c int)', n); end loop; end $$";
    database.sql(tables);
    let dir = tempfile::tempdir().unwrap();
    let run = || {
        let run = back_up(&database, dir.path());
        run.args(["-F", "plain", "-Z", "gzip:9", "--keep-last", "1"])
    };
    run().run().expect_code(0);
    let words = "manifest.json.partial: File too large";
    expect_nothing_done(run().largest_file(8 * 1024), dir.path(), words);
}

/// A small file system, for root alone.
struct Small(tempfile::TempDir);

impl Small {
    fn new(options: &str) -> Option<Self> {
        tests::another_user()?;
        let dir = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]);
        let mounted = mount.arg(dir.path()).status().unwrap().success();
        mounted.then_some(Self(dir))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.0.path()).status();
        assert!(unmounted.unwrap().success());
    }
}

#[test]
fn a_disk_without_room_for_another_file() {
    let database = database_with_rows(10);
    // The folder, the lock, three of a backup; then the data and the manifest fit no more.
    for inodes in 5..8 {
        let Some(small) = Small::new(&format!("size=10m,nr_inodes={inodes}")) else {
            return;
        };
        let dir = small.0.path();
        let run = || back_up(&database, dir).args(["--keep-last", "1", "--force"]);
        run().run().expect_code(0);
        expect_nothing_done(run(), dir, "No space left on device");
    }
}

#[test]
fn a_disk_that_is_full_for_the_dump() {
    let database = database_with_rows(100_000);
    for format in FORMATS {
        let Some(small) = Small::new("size=1m") else {
            return;
        };
        let dir = small.0.path();
        let run = || back_up(&database, dir).args(["-F", format, "--force"]);
        let run = || run().args(["--keep-last", "1"]);
        run().arg("-s").run().expect_code(0);
        expect_nothing_done(run(), dir, "No space left on device");
    }
}

/// Others fill it while the dump lies there uncompressed, and make room again.
#[test]
fn a_disk_that_is_full_of_what_waits_to_be_compressed() {
    let database = database_with_rows(100_000);
    let Some(small) = Small::new("size=100m") else {
        return;
    };
    let dir = small.0.path();
    let bin = tempfile::tempdir().unwrap();
    let pg_dump = Program::find("pg_dump", None).unwrap();
    let filler = dir.join("filler");
    let script = format!(
        "#!/bin/sh
        case $* in *compress=0*) ;; *) exec {real} \"$@\" ;; esac
        trap : TERM
        head -c 200M /dev/zero > {filler} 2> /dev/null
        {real} \"$@\"
        status=$?
        rm {filler}
        exit $status
        ",
        real = pg_dump.path().display(),
        filler = filler.display(),
    );
    let path = bin.path().join("pg_dump");
    tests::write_script(&path, script);
    let run = back_up(&database, dir).env("PG_BINDIR", bin.path());
    let output = run.args(["-F", "directory", "-Z", "gzip:2"]).run();
    let output = output.expect_code(0);
    let words = "begun again, and compressed by pg_dump";
    assert!(output.stderr.contains(words), "{output:?}");
    folder(dir).arg("--check").run().expect_code(0);
}

#[test]
fn a_name_that_somebody_took_meanwhile() {
    for format in FORMATS {
        let database = database_with_rows(10);
        let dir = tempfile::tempdir().unwrap();
        back_up(&database, dir.path()).run().expect_code(0);
        let mut holder = database.client();
        let lock = "begin; lock table orders in access exclusive mode";
        holder.batch_execute(lock).unwrap();
        let run = back_up(&database, dir.path()).args(["-F", format, "--keep-last", "1"]);
        let running = run.start();
        let partial = || {
            visible(dir.path())
                .into_iter()
                .find(|name| name.starts_with('.'))
        };
        eventually("a partial file", || partial().is_some());
        let partial = partial().unwrap();
        let name = partial
            .strip_prefix('.')
            .unwrap()
            .strip_suffix(".partial")
            .unwrap();
        fs::write(dir.path().join(name), "mine").unwrap();
        drop(holder);
        let output = running.finish().expect_code(2);
        output.expect_error("could not give the backup its name");
        assert_eq!(fs::read(dir.path().join(name)).unwrap(), b"mine");
        let left = visible(dir.path());
        assert_eq!(left.len(), 4, "{left:?}");
    }
}

#[test]
fn a_folder_that_is_read_only() {
    let database = Database::on(tests::tcp_cluster());
    database.sql("create table orders (x int)");
    let port = tests::tcp_cluster().port();
    let name = database.name();
    let conninfo = format!("host=127.0.0.1 port={port} user=postgres dbname={name}");
    let uid = tests::another_user();
    let us = rustix::process::geteuid().as_raw();
    let dir = tests::private_folder(uid.unwrap_or(us));
    let as_other = |run: ToolCommand| match uid {
        Some(uid) => run.as_user(uid),
        None => run,
    };
    let run = || as_other(folder(dir.path()).args(["-d", &conninfo]));
    run().run().expect_code(0);
    run().run().expect_code(0);
    fs::set_permissions(dir.path(), Permissions::from_mode(0o500)).unwrap();
    expect_nothing_done(run(), dir.path(), "Permission denied");
    let before = visible(dir.path());
    let rotate = as_other(folder(dir.path()).args(["--rotate", "--keep-last", "1"]));
    rotate.run().expect_code(1).expect_error("could not delete");
    assert_eq!(visible(dir.path()), before);
    let list = as_other(folder(dir.path()).arg("--list"));
    assert_eq!(list.run().expect_code(0).json_lines().len(), 2);
    fs::remove_file(dir.path().join(".pg-dump-rotate.lock")).unwrap();
    expect_nothing_done(run(), dir.path(), "could not write to the folder");
    fs::set_permissions(dir.path(), Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_folder_that_is_missing_is_made_and_told_of() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let nowhere = dir.path().join("link");
    symlink(dir.path().join("unmounted"), &nowhere).unwrap();
    for more in [&["--keep-last=1"][..], &["--dry-run"]] {
        let run = back_up(&database, &nowhere).args(more);
        expect_nothing_done(run, dir.path(), "is a link to nowhere");
    }
    let backups = dir.path().join("unmounted/backups");
    let run = || back_up(&database, &backups).args(["--keep-last", "1"]);
    let made = run().run().expect_code(0);
    made.expect_error("pg-dump-rotate: warning: made the folder");
    assert_eq!(run().run().expect_code(0).stderr, "");
}

#[test]
fn a_file_that_may_not_grow_so_large() {
    let database = database_with_rows(100_000);
    let dir = tempfile::tempdir().unwrap();
    for format in FORMATS {
        let limited = program("sh")
            .args(["-c", "ulimit -f 100; exec \"$0\" \"$@\""])
            .arg(tests::binary("pg-dump-rotate"))
            .args(["-Z", "none", "-F", format, "--dir"])
            .arg(dir.path())
            .database(&database);
        expect_nothing_done(limited, dir.path(), "File too large");
    }
}

#[test]
fn a_folder_on_another_file_system_or_behind_a_link() {
    let database = database_with_rows(10);
    let here = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
    let device = |path: &Path| fs::metadata(path).unwrap().dev();
    assert_ne!(device(here.path()), device(elsewhere.path()));
    let link = here.path().join("link");
    symlink(elsewhere.path(), &link).unwrap();
    for format in FORMATS {
        for _ in 0..3 {
            let run = back_up(&database, &link).args(["-F", format, "--keep-last", "2"]);
            assert_eq!(run.run().expect_code(0).stderr, "");
        }
        assert_eq!(visible(elsewhere.path()).len(), 6);
        let run = back_up(&database, &link).args(["-F", format, "--keep-last", "1"]);
        run.run().expect_code(0);
        fs::read_dir(elsewhere.path())
            .unwrap()
            .flatten()
            .for_each(|entry| {
                let path = entry.path();
                match path.is_dir() {
                    true => fs::remove_dir_all(path).unwrap(),
                    false => fs::remove_file(path).unwrap(),
                }
            });
    }
}

#[test]
fn what_is_not_ours_stays_whatever_it_is_called() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let run = || {
        let run = back_up(&database, dir.path());
        run.args(["-F", "directory", "--keep-last", "1"])
    };
    let first = path_of(&run().run().expect_code(0));
    let theirs = tempfile::tempdir().unwrap();
    fs::write(theirs.path().join("file"), "mine").unwrap();
    symlink(&first, at("l_20200101T000000Z.dir")).unwrap();
    symlink(theirs.path(), at(".l_20200101T000000Z.dir.partial")).unwrap();
    symlink(
        theirs.path().join("file"),
        at(".f_20200101T000000Z.dump.partial"),
    )
    .unwrap();
    symlink(manifest(&first), at("m_20200101T000000Z.dir.manifest.json")).unwrap();
    symlink("nowhere", at("n_20200101T000000Z.dump")).unwrap();
    fs::create_dir(at("d_20200101T000000Z.dump")).unwrap();
    fs::create_dir(at("d_20200101T000000Z.dump.manifest.json")).unwrap();
    fs::create_dir(at("e_20200101T000000Z.dir")).unwrap();
    fs::create_dir(at(".notes.partial")).unwrap();
    fs::write(at(".notes.txt.partial"), "mine").unwrap();
    fs::write(at("two\nlines_20200101T000000Z.dump"), "mine").unwrap();
    fs::write(
        dir.path()
            .join(OsStr::from_bytes(b"\xff_20200101T000000Z.dump")),
        "mine",
    )
    .unwrap();
    fs::write(
        dir.path()
            .join(OsStr::from_bytes(b".\xff_20200101T000000Z.dump.partial")),
        "mine",
    )
    .unwrap();
    fs::write(at("-rf"), "mine").unwrap();
    // One of ours that was killed, with a way out.
    fs::create_dir(at(".x_20200101T000000Z.dir.partial")).unwrap();
    symlink(theirs.path(), at(".x_20200101T000000Z.dir.partial/out")).unwrap();
    let before = files_in(dir.path());
    let output = run().run().expect_code(0);
    output.expect_error(".x_20200101T000000Z.dir.partial, left unfinished by an earlier run");
    let after = files_in(dir.path());
    let gone: Vec<&String> = before.iter().filter(|name| !after.contains(name)).collect();
    let name = first.file_name().unwrap().to_str().unwrap();
    let ours = ["", ".manifest.json", ".sha256"].map(|side| format!("{name}{side}"));
    let expected = [
        ".x_20200101T000000Z.dir.partial",
        &ours[0],
        &ours[1],
        &ours[2],
    ];
    assert_eq!(gone, expected);
    assert_eq!(fs::read(theirs.path().join("file")).unwrap(), b"mine");
}

#[test]
fn what_others_put_into_a_backup_or_beside_it_stays() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let run = || {
        let run = back_up(&database, dir.path());
        run.args(["-F", "directory", "--keep-last", "1"])
    };
    let first = path_of(&run().run().expect_code(0));
    fs::write(first.join("use.list"), "mine").unwrap();
    let output = run().run().expect_code(1);
    let words = format!(
        "it holds {}, which is not",
        first.join("use.list").display()
    );
    output.expect_error(&words);
    let listed = folder(dir.path()).arg("--list").run().expect_code(0);
    assert_eq!(listed.json_lines().len(), 2);
    fs::remove_file(first.join("use.list")).unwrap();
    fs::create_dir(first.join("notes")).unwrap();
    run()
        .run()
        .expect_code(1)
        .expect_error("notes, which is not");
    fs::remove_dir(first.join("notes")).unwrap();
    let theirs = setting::checksums(&first);
    fs::remove_file(&theirs).unwrap();
    fs::create_dir(&theirs).unwrap();
    fs::write(theirs.join("file"), "mine").unwrap();
    let output = run().run().expect_code(0);
    assert_eq!(output.stderr, "");
    assert!(!first.exists() && !manifest(&first).exists());
    assert_eq!(fs::read(theirs.join("file")).unwrap(), b"mine");
    assert_eq!(run().run().expect_code(0).stderr, "");
}

#[test]
fn a_folder_with_a_hundred_thousand_files() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let first = path_of(&back_up(&database, dir.path()).run().expect_code(0));
    for number in 0..100_000 {
        let name = match number % 3 {
            0 => format!("x_{number}.dump"),
            1 => format!("x_20200101T000000Z-{}.sql", number + 2),
            _ => format!(".x{number}.partial"),
        };
        fs::File::create(dir.path().join(name)).unwrap();
    }
    let before = files_in(dir.path()).len();
    let output = back_up(&database, dir.path()).args(["--keep-last", "1"]);
    let output = output.run().expect_code(0);
    let told: Vec<String> = actions(&output)
        .into_iter()
        .map(|(action, _)| action)
        .collect();
    assert_eq!(told, ["created", "deleted"]);
    assert_eq!(output.stderr, "");
    assert!(!first.exists());
    assert_eq!(files_in(dir.path()).len(), before);
}

#[test]
fn a_server_that_dies_in_the_middle() {
    let cluster = tests::start(&shared::cluster::ClusterOptions::default());
    let database = Database::on(&cluster);
    let rows = "create table orders as select md5(n::text) from generate_series(1, 300000) as n";
    database.sql(rows);
    let dir = tempfile::tempdir().unwrap();
    back_up(&database, dir.path()).run().expect_code(0);
    let mut holder = database.client();
    let lock = "begin; lock table orders in access exclusive mode";
    holder.batch_execute(lock).unwrap();
    let data = database.value("show data_directory");
    let running = FORMATS.map(|format| {
        let run = back_up(&database, dir.path()).args(["-F", format, "--label", format]);
        run.args(["--keep-last", "1"]).start()
    });
    eventually("both wait for the lock", || {
        let sql = "select count(*) from pg_locks where not granted";
        database.value(sql).parse::<i32>().unwrap() >= 2
    });
    let pid = fs::read_to_string(Path::new(&data).join("postmaster.pid")).unwrap();
    let pid = pid.lines().next().unwrap().parse().unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    for running in running {
        running
            .finish()
            .expect_code(2)
            .expect_error("could not dump the database");
    }
    assert_eq!(visible(dir.path()).len(), 3);
}

#[test]
fn a_directory_is_dumped_by_one_run_at_a_time() {
    let database = database_with_rows(10);
    let dir = tempfile::tempdir().unwrap();
    let mut holder = database.client();
    let lock = "begin; lock table orders in access exclusive mode";
    holder.batch_execute(lock).unwrap();
    let run = || back_up(&database, dir.path()).args(["-F", "directory"]);
    let running = run().start();
    eventually("a partial folder", || !visible(dir.path()).is_empty());
    let partial = visible(dir.path());
    expect_nothing_done(run(), dir.path(), "another run is already backing this up");
    let rotate = folder(dir.path()).args(["--rotate", "--keep-last", "1"]);
    assert_eq!(rotate.run().expect_code(0).stderr, "");
    assert_eq!(visible(dir.path()), partial);
    drop(holder);
    let record = &running.finish().expect_code(0).json_lines()[0];
    assert_eq!(text(record, "state"), "ok");
}
