//! What a verification takes of the disk: at most the restored database and its WAL.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::{Bench, missed, size};

/// An empty server, without WAL.
const SERVER: u64 = 48 << 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// The most of it that there was.
#[derive(Default)]
struct Peak {
    whole: u64,
    wal: u64,
}

/// Verifies each once, in a folder of its own that is looked at all the time.
pub fn disk(bench: &Bench, backups: &[(&str, &str)]) {
    println!("| Temporary disk | MB | of it WAL | restored | at most |\n|---|--:|--:|--:|---|");
    for (name, backup) in backups {
        let (peak, restored) = verified(bench, backup);
        let most = restored + peak.wal + SERVER;
        println!(
            "| {name} | {:.0} | {:.0} | {:.0} | {:.0}{} |",
            megabytes(peak.whole),
            megabytes(peak.wal),
            megabytes(restored),
            megabytes(most),
            missed(peak.whole > most)
        );
    }
    println!();
}

fn verified(bench: &Bench, backup: &str) -> (Peak, u64) {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    // The server's user makes a folder there.
    fs::set_permissions(place, Permissions::from_mode(0o1777)).unwrap();
    let records = bench.folder.path().join("disk.jsonl");
    let mut command = Command::new(bench.tool("pg-restore-verify"));
    command.args(["--no-record", backup]).env("TMPDIR", place);
    command.stdout(fs::File::create(&records).unwrap());
    let mut child = command.stdin(Stdio::null()).spawn().unwrap();
    let mut peak = Peak::default();
    let ended = loop {
        peak.look(place);
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        thread::sleep(BETWEEN_LOOKS);
    };
    assert!(ended.success(), "{backup}: {ended}");
    let records = fs::read_to_string(records).unwrap();
    let mut records = records
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let restore = records.find(|record: &Value| record["check"] == "restore");
    (peak, restore.unwrap()["bytes"].as_u64().unwrap())
}

impl Peak {
    fn look(&mut self, place: &Path) {
        let server = |entry: fs::DirEntry| entry.path().join("data/pg_wal");
        let entries = fs::read_dir(place).into_iter().flatten().flatten();
        let wal = entries.map(|entry| size(&server(entry))).sum();
        self.wal = self.wal.max(wal);
        self.whole = self.whole.max(size(place));
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
