//! What ends a dump of which a part is written already.

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

use rustix::process::{Pid, Signal, kill_process};
use setting::{folder, visible};
use shared::cluster::{Cluster, ClusterOptions};
use shared::programs::Program;
use tests::{Database, Output, StallingProxy, eventually, files_in, processes_with};

const FORMATS: [&str; 4] = ["custom", "plain", "directory", "tar"];
/// So much of a dump is on disk when it is ended.
const WRITTEN: u64 = 1 << 20;

fn server() -> Cluster {
    tests::start(&ClusterOptions {
        tcp: true,
        hba: vec!["host all all 127.0.0.1/32 trust".into()],
        ..ClusterOptions::default()
    })
}

/// Two tables: pg_dump writes the first into a tar file once it has read all of it.
fn database(cluster: &Cluster) -> Database<'_> {
    let database = Database::on(cluster);
    for table in ["first", "second"] {
        database.sql(&format!(
            "create table {table} as
                select repeat(md5(n::text), 100) from generate_series(1, 1500) n"
        ));
    }
    database.sql(&format!("create table mark_{} ()", database.name()));
    database
}

fn written(path: &Path) -> u64 {
    match path.is_dir() {
        true => {
            let files = fs::read_dir(path).into_iter().flatten().flatten();
            files.map(|file| written(&file.path())).sum()
        }
        false => path.metadata().map_or(0, |data| data.len()),
    }
}

/// How a run ends whose pg_dump stands in the middle of the second table when this happens. The
/// good backup of before is still there, and alone.
fn ended_by(
    database: &Database,
    format: &str,
    what_happens: impl FnOnce(&StallingProxy, u32),
) -> Output {
    let proxy = StallingProxy::new(database.cluster().port(), 7 << 20);
    let dir = tempfile::tempdir().unwrap();
    let mark = format!("mark_{}", database.name());
    let run = |port: u16| {
        let name = database.name();
        let conninfo = format!("host=127.0.0.1 port={port} user=postgres dbname={name}");
        let run = folder(dir.path()).args(["-d", &conninfo, "-F", format, "--keep-last", "1"]);
        let run = match format {
            "tar" => run,
            _ => run.args(["-Z", "none"]),
        };
        run.args(["-t", "*", "-t", &mark])
    };
    run(database.cluster().port()).run().expect_code(0);
    let good = visible(dir.path());
    let running = run(proxy.port()).start();
    eventually("rows are on disk", || {
        let files = files_in(dir.path()).into_iter();
        let others = files.filter(|name| !good.contains(name));
        others
            .map(|name| written(&dir.path().join(name)))
            .sum::<u64>()
            > WRITTEN
    });
    let pg_dump = processes_with(&format!("--table={mark}"));
    what_happens(&proxy, pg_dump[0]);
    let output = running.finish().expect_code(2);
    assert_eq!(visible(dir.path()), good, "{format}: {output:?}");
    assert!(processes_with(&format!("--table={mark}")).is_empty());
    output
}

#[test]
fn a_pg_dump_that_is_killed_in_the_middle_is_told() {
    let cluster = server();
    let database = database(&cluster);
    for format in FORMATS {
        let output = ended_by(&database, format, |_, pg_dump| {
            let pid = Pid::from_raw(pg_dump.cast_signed()).unwrap();
            kill_process(pid, Signal::KILL).unwrap();
        });
        output.expect_error("pg_dump was ended by signal 9");
    }
}

#[test]
fn a_connection_that_is_cut_in_the_middle_is_told() {
    let cluster = server();
    let database = database(&cluster);
    for format in FORMATS {
        let output = ended_by(&database, format, |proxy, _| proxy.cut());
        output.expect_error("could not dump the database");
    }
}

#[test]
fn a_server_that_is_killed_in_the_middle_is_told() {
    for format in FORMATS {
        let cluster = server();
        let database = database(&cluster);
        let output = ended_by(&database, format, |proxy, _| {
            let data = database.value("show data_directory");
            let pids = processes_of(&data);
            for pid in pids {
                let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
            }
            proxy.release();
        });
        output.expect_error("could not dump the database");
    }
}

/// Bytes, rate, how much of all that is, and which table.
#[test]
fn how_far_a_dump_is_can_be_seen() {
    let cluster = server();
    let database = database(&cluster);
    for (format, what) in [
        ("custom", "public.second"),
        ("plain", "public.second"),
        ("tar", "public."),
        ("directory", "table "),
    ] {
        let proxy = StallingProxy::new(cluster.port(), 7 << 20);
        let dir = tempfile::tempdir().unwrap();
        let (port, name) = (proxy.port(), database.name());
        let conninfo = format!("host=127.0.0.1 port={port} user=postgres dbname={name}");
        let run = folder(dir.path()).args(["-d", &conninfo, "-F", format]);
        let running = run.terminal().start();
        let is_whole = |line: &str| {
            let line = line.split('\x1b').next().unwrap_or_default();
            let parts: Vec<&str> = line.split(", ").collect();
            let [bytes, rate, percent, table] = &parts[..] else {
                return false;
            };
            bytes.ends_with('B')
                && rate.ends_with("B/s")
                && percent.ends_with(" %")
                && table.starts_with(what)
        };
        // It stands still by then, and what is shown is true all the same.
        eventually(&format!("{format}: the line shows {what}"), || {
            running.written().split('\r').any(is_whole)
        });
        proxy.release();
        running.finish().expect_code(0);
    }
}

/// The postmaster of a data folder and all that it has started.
fn processes_of(data: &str) -> Vec<i32> {
    let pid = fs::read_to_string(Path::new(data).join("postmaster.pid")).unwrap();
    let postmaster: i32 = pid.lines().next().unwrap().parse().unwrap();
    let children = format!("/proc/{postmaster}/task/{postmaster}/children");
    let children = fs::read_to_string(children).unwrap_or_default();
    let children = children.split_whitespace().map(|pid| pid.parse().unwrap());
    [postmaster].into_iter().chain(children).collect()
}

/// A library that sets the clock of a program back by so many seconds as the environment says.
fn clock(folder: &Path) -> std::path::PathBuf {
    let source = folder.join("clock.c");
    let library = folder.join("clock.so");
    fs::write(
        &source,
        "#define _GNU_SOURCE
         #include <dlfcn.h>
         #include <stdlib.h>
         #include <time.h>
         int clock_gettime(clockid_t clock, struct timespec *now) {
             int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, \"clock_gettime\");
             int done = real(clock, now);
             const char *back = getenv(\"CLOCK_BACK\");
             if (clock == CLOCK_REALTIME && back) now->tv_sec -= atol(back);
             return done;
         }",
    )
    .unwrap();
    let built = tests::program("cc").args(["-shared", "-fPIC", "-o"]);
    let built = built.arg(&library).arg(&source).arg("-ldl").run();
    built.expect_code(0);
    fs::set_permissions(&library, fs::Permissions::from_mode(0o755)).unwrap();
    library
}

/// What a wrong clock takes is one backup of its day; it takes no place of a better one.
#[test]
fn a_clock_that_is_set_back_and_forth_loses_nothing() {
    let database = setting::database_with_rows(10);
    let (dir, bin) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let clock = clock(bin.path());
    // One that brings its own, older C library takes no library of this machine.
    let pg_dump = Program::find("pg_dump", None).unwrap();
    let asked = tests::program(pg_dump.path()).arg("--version");
    if asked.env("LD_PRELOAD", &clock).run().code() != Some(0) {
        return eprintln!(
            "passed over: this pg_dump does not load {}",
            clock.display()
        );
    }
    let day = 86_400;
    let run = |back: i64, rules: &[&str]| {
        let run = setting::back_up(&database, dir.path()).args(rules);
        let run = run.env("LD_PRELOAD", &clock);
        let output = run.env("CLOCK_BACK", back.to_string()).run();
        setting::path_of(&output.expect_code(0))
    };
    let rules = ["--keep-within", "2d", "--keep-daily", "3"];
    let before = run(day, &rules);
    let now = run(0, &rules);
    let back = run(30 * day, &rules);
    assert!(before.exists() && now.exists() && back.exists());
    // A clock that was far ahead makes nothing old, not even where years have more than four digits.
    let ahead = run(-30 * day, &["--keep-daily", "3"]);
    let no_year = run(-9000 * 365 * day, &[]);
    assert!(no_year.exists(), "{}", no_year.display());
    let again = run(-1, &rules);
    for path in [&before, &now, &ahead, &again] {
        assert!(
            path.exists(),
            "{}: {:?}",
            path.display(),
            visible(dir.path())
        );
    }
}
