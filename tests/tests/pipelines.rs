//! The tools one after the other, as a shell puts them together.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use tests::{Database, Output, pipe, tool};

fn verdicts(output: &Output) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_string();
    let records = output.json_lines();
    let verdicts = records.iter().filter(|record| record["check"] == "verdict");
    verdicts
        .map(|record| (text(&record["status"]), text(&record["message"])))
        .collect()
}

/// Whatever the format and the compression, what is taken is proved.
#[test]
fn a_backup_of_every_kind_is_taken_and_proved() {
    let database = Database::new();
    database.load_sample();
    let folder = tempfile::tempdir().unwrap();
    for kind in [
        "custom none",
        "custom gzip",
        "directory none",
        "directory gzip",
        "plain none",
        "plain gzip",
        "plain zstd",
        "plain lz4",
        "tar none",
    ] {
        let (format, compression) = kind.split_once(' ').unwrap();
        let take = tool("pg-dump-rotate").arg("--dir").arg(folder.path());
        let take = take.args(["-q", "-F", format, "-Z", compression]);
        let take = take.args(["--keep-last", "2", "-d", &database.conninfo()]);
        let jobs: &[&str] = if format == "directory" {
            &["-j", "2"]
        } else {
            &[]
        };
        let take = take.args(jobs);
        let prove = tool("pg-restore-verify").args(["-j", "2", "-"]);
        let [taken, proved] = pipe([take, prove]);
        let taken = taken.expect_code(0);
        // The older ones are deleted in the same run, and what is gone is not looked for.
        let [(status, message)] = &verdicts(&proved)[..] else {
            panic!("{kind}: {taken:?} {proved:?}");
        };
        assert_eq!(status, "ok", "{kind}: {proved:?}");
        assert!(message.contains("rows in"), "{kind}: {message}");
        proved.expect_code(0);
    }
}

/// Restored or only read, the names in the manifest are those of the backup.
#[test]
fn a_backup_in_another_encoding_is_proved() {
    let database = Database::new();
    let name = database.name();
    for statement in [
        format!("drop database {name}"),
        format!("create database {name} template template0 encoding 'LATIN1' locale 'C'"),
    ] {
        let mut client = database.cluster().connect("postgres").unwrap();
        client.batch_execute(&statement).unwrap();
    }
    database.sql("create table \"tüb\" (\"é\") as select 'ü'");
    let folder = tempfile::tempdir().unwrap();
    for format in ["custom", "plain"] {
        for how in [&["-"][..], &["--archive-only", "-"]] {
            let take = tool("pg-dump-rotate").arg("--dir").arg(folder.path());
            let take = take.args(["-q", "-F", format, "-d", &database.conninfo()]);
            let [_, proved] = pipe([take, tool("pg-restore-verify").args(how)]);
            let words = &verdicts(&proved)[0].1;
            assert!(words.contains("of its manifest"), "{format}: {proved:?}");
            proved.expect_code(0);
        }
    }
}
