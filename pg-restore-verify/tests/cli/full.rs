//! A disk that is full in the midst of a restore, or the memory that was to hold it: a file system of
//! its own, which nobody else sees.

use std::path::Path;

use tests::{Database, Output, ToolCommand, binary, files_in, program, tool};

use crate::backups::{dump, expect_verdict};

/// Mounts one with these options at the first argument, and runs the others.
fn with_mount(options: &str, place: &Path) -> ToolCommand {
    let script = format!("mount -t tmpfs -o {options} tmpfs \"$0\" && exec \"$@\"");
    let run = program("unshare").args(["-m", "sh", "-c", &script]);
    run.arg(place)
}

/// Whether the system lets us, which it may do for root alone.
fn can_mount(place: &Path) -> bool {
    let run = with_mount("size=1m", place).arg("true").run();
    run.code() == Some(0)
}

/// A database that is small until its indexes are built.
fn swelling() -> Database<'static> {
    let database = Database::new();
    database.sql(
        "create table t as select i as a, md5(i::text) as w from generate_series(1, 40000) i;
         do $$ begin for i in 1..7 loop
             execute 'create index on t (w) with (fillfactor = 10)';
         end loop; end $$",
    );
    database
}

/// The backup is not to blame, which is not noted, and the reason is told.
#[track_caller]
fn expect_full(output: &Output, status: &str, backup: &Path) {
    assert_eq!(output.code(), Some(2), "{output:?}");
    let words = "there is no room to restore the backup";
    assert!(output.stderr.contains(words), "{output:?}");
    let lines = output.json_lines();
    let verdict = lines.last().unwrap();
    assert_eq!(verdict["check"], "verdict", "{output:?}");
    assert_eq!(verdict["status"], status, "{output:?}");
    assert!(
        verdict["message"].as_str().unwrap().contains(words),
        "{output:?}"
    );
    let failed = lines.iter().filter(|line| line["status"] == "failed");
    assert!(failed.count() <= 1, "{output:?}");
    let noted = files_in(backup.parent().unwrap());
    assert!(!noted.iter().any(|name| name.contains("verified")));
}

#[test]
fn while_indexes_are_built() {
    let folder = tempfile::tempdir().unwrap();
    let place = tempfile::tempdir().unwrap();
    if !can_mount(place.path()) {
        return;
    }
    let swelling = swelling();
    for format in ["-Fc", "-Fp"] {
        let path = folder.path().join(format);
        dump(&swelling, &[format], &path);
        let run = with_mount("size=130m,mode=1777", place.path());
        let run = run.arg(binary("pg-restore-verify")).arg(&path);
        let output = run.env("TMPDIR", place.path()).run();
        expect_full(&output, "skipped", &path);
    }
}

#[test]
fn of_a_server_that_others_use() {
    let folder = tempfile::tempdir().unwrap();
    let place = tempfile::tempdir().unwrap();
    if !can_mount(place.path()) {
        return;
    }
    let path = folder.path().join("backup");
    dump(&swelling(), &["-Fc"], &path);
    // What sorting an index needs lies on it: a server that can't write WAL either would end.
    let script = format!(
        "chown \"$(stat -c %u \"$PGHOST\")\" {0} &&
         psql -Xq -d postgres -c \"create tablespace small location '{0}'\" \
             -c 'alter role postgres set temp_tablespaces = small' \
             -c \"alter role postgres set maintenance_work_mem = '1MB'\" || exit 3
         \"$0\" -d postgres \"$1\"; code=$?
         psql -XqAt -d postgres -c \"select count(*) || ' left' from pg_database
             where datname like 'pg\\_restore%'\" >&2; exit $code",
        place.path().display()
    );
    let run = with_mount("size=64k", place.path());
    let run = run.arg(binary("with-sample")).args(["sh", "-c", &script]);
    let run = run.arg(binary("pg-restore-verify")).arg(&path);
    let output = run.run();
    expect_full(&output, "skipped", &path);
    assert!(output.stderr.contains("\n0 left"), "{output:?}");
}

/// The disk has room for what memory has not, and then it is proved there.
#[test]
fn memory_where_the_disk_is_not() {
    let memory = Path::new("/dev/shm");
    let folder = tempfile::tempdir().unwrap();
    if !memory.exists() || !can_mount(memory) {
        return;
    }
    let source = Database::new();
    source.sql(
        "create table t (a int primary key); insert into t values (1);
         do $$ begin for i in 1..500 loop
             execute 'create table many_' || i || ' ()';
         end loop; end $$",
    );
    let taken = tool("pg-dump-rotate").arg("--dir").arg(folder.path());
    let taken = taken.args(["-d", &source.conninfo()]).run().expect_code(0);
    let path = taken.json_lines()[0]["path"].as_str().unwrap().to_string();
    // A server has some 1,300 files, with an empty database of ours.
    let run = with_mount("size=2g,nr_inodes=1500,mode=1777", memory);
    let run = run.arg(binary("pg-restore-verify"));
    let run = run.args(["-v", "--memory", "1GB", "--no-record", &path]);
    let output = run.run();
    expect_verdict(&output, "ok");
    assert!(
        output.stderr.contains("once more, on the disk"),
        "{output:?}"
    );
    let mut told: Vec<String> = output
        .json_lines()
        .iter()
        .map(|line| format!("{} {}", line["check"], line["object"]))
        .collect();
    let all = told.len();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), all, "{output:?}");
}
