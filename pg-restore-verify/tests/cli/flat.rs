//! What the tool takes of memory does not grow with the backup.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;

use tests::{Database, eventually, tool};

use crate::backups::dump;

/// The most that it had when all was proved, in KiB: it then only waits.
fn peak(path: &Path) -> u64 {
    let run = tool("pg-restore-verify").args(["-j1", "--keep"]).arg(path);
    let run = run.start();
    eventually("all is proved", || {
        let written = run.lines();
        let last = written.last().filter(|line| line.contains("\"verdict\""));
        last.inspect(|line| assert!(line.contains("\"ok\""), "{written:?}"))
            .is_some()
    });
    let status = fs::read_to_string(format!("/proc/{}/status", run.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.unwrap().trim().trim_end_matches(" kB");
    peak.parse().unwrap()
}

#[test]
fn however_many_rows_and_large_objects_there_are() {
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fc", "-Fp"] {
        let [small, large] = [100, 25_000].map(|rows| {
            let database = Database::new();
            database.sql(&format!(
                "create table t as select i, repeat(md5(i::text), 20) from generate_series(1, {rows}) i;
                 select lo_from_bytea(0, convert_to(repeat('x', 100 * {rows}), 'UTF8'))
                 from generate_series(1, 4)"
            ));
            let path = folder.path().join("backup");
            dump(&database, &[format], &path);
            peak(&path)
        });
        // It is 16 MB of rows, and 10 MB of large objects.
        assert!(
            large < small + (8 << 10),
            "{format}: {small} and {large} KiB"
        );
    }
}
