//! What a verification takes of the disk: at most the restored database and its WAL, which is what
//! was written of it, though little of it is there at any time.

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

/// A file of WAL, as initdb has it by default.
const SEGMENT: u64 = 16 << 20;

/// The most of it that there was.
#[derive(Default)]
struct Peak {
    whole: u64,
    wal: u64,
    /// The numbers of the first and of the last file of WAL.
    segments: Option<(u64, u64)>,
}

/// Verifies each once, in a folder of its own that is looked at all the time.
pub fn disk(bench: &Bench, backups: &[(&str, &str)]) {
    println!(
        "| Temporary disk | MB | restored | WAL at most | WAL in all | restored and WAL in all |"
    );
    println!("|---|--:|--:|--:|--:|---|");
    for (name, backup) in backups {
        let (peak, restored) = verified(bench, backup);
        let most = restored + peak.written() + SERVER;
        println!(
            "| {name} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0}{} |",
            megabytes(peak.whole),
            megabytes(restored),
            megabytes(peak.wal),
            megabytes(peak.written()),
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
        let servers = fs::read_dir(place).into_iter().flatten().flatten();
        let folders = servers.map(|server| server.path().join("data/pg_wal"));
        let files = folders.flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
        let mut wal = 0;
        for file in files {
            wal += size(&file.path());
            if let Some(number) = number_of(&file.file_name().to_string_lossy()) {
                let (first, last) = self.segments.unwrap_or((number, number));
                self.segments = Some((first.min(number), last.max(number)));
            }
        }
        self.wal = self.wal.max(wal);
        self.whole = self.whole.max(size(place));
    }

    fn written(&self) -> u64 {
        let segments = self.segments.map_or(0, |(first, last)| last - first + 1);
        segments * SEGMENT
    }
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The number of a file of WAL: behind its timeline 4 GB each, and files in these.
fn number_of(name: &str) -> Option<u64> {
    let number = |digits: std::ops::Range<usize>| u64::from_str_radix(name.get(digits)?, 16).ok();
    let is_segment = name.len() == 24;
    is_segment.then(|| Some(number(8..16)? * ((4 << 30) / SEGMENT) + number(16..24)?))?
}
