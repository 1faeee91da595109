//! How long it takes to rotate a crowded folder, and to check it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use shared::backup::{File, Manifest, Name, manifest_of};

use super::{Measured, median, missed, timed};

const BACKUPS: usize = 100_000;
/// How many go, each time that they do.
const DELETED: usize = 1000;
const ROUNDS: usize = 3;
/// For a look at all of them, with or without deletions.
const AT_MOST: Duration = Duration::from_secs(1);
/// What it may take of memory, most of which is a hundred and some bytes for each.
const AT_MOST_KIB: u64 = 25 << 10;

/// Times a rehearsal, a check and the real thing in a folder with copies of this backup's manifest.
pub fn run(tool: &Path, like: &Path) {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), like);
    let run = |words: &[&str]| {
        let mut command = Command::new(tool);
        command.arg("--dir").arg(folder.path()).args(words);
        let (time, cpu, peak_kib) = timed(command);
        Measured {
            time,
            cpu,
            bytes: 0,
            peak_kib,
            restore: None,
        }
    };
    let rotate = |kept: usize, more: &[&str]| {
        let kept = kept.to_string();
        run(&[&["--rotate", "--keep-last", &kept], more].concat())
    };
    println!(
        "| Rotation of {BACKUPS} backups | s | CPU s | peak MB | at most |\n|---|--:|--:|--:|---|"
    );
    let looks: Vec<Measured> = (0..ROUNDS)
        .map(|_| rotate(BACKUPS - 5, &["--dry-run"]))
        .collect();
    print("--dry-run", &looks);
    let checks: Vec<Measured> = (0..ROUNDS).map(|_| run(&["--check"])).collect();
    print("--check", &checks);
    let deletions: Vec<Measured> = (1..=ROUNDS)
        .map(|round| rotate(BACKUPS - round * DELETED, &[]))
        .collect();
    print(&format!("{DELETED} deleted"), &deletions);
    println!();
}

/// One an hour, back from the one that is there, with data of five bytes.
fn fill(folder: &Path, like: &Path) {
    let mut manifest = Manifest::read(like).unwrap().unwrap();
    for hours in 0..i32::try_from(BACKUPS).unwrap() {
        let taken_at = manifest.taken_at - Duration::from_secs(3600) * u32::from(hours > 0);
        let database = manifest.database.as_deref();
        let name = Name::new(database, None, taken_at, "dump").to_string();
        fs::write(folder.join(&name), "12345").unwrap();
        manifest.taken_at = taken_at;
        manifest.finished_at = taken_at;
        manifest.files = vec![File {
            name: name.clone(),
            bytes: 5,
            sha256: "0".repeat(64),
        }];
        let text = manifest.to_json().unwrap();
        fs::write(folder.join(manifest_of(&name)), text).unwrap();
    }
}

fn print(name: &str, times: &[Measured]) {
    let measured = median(times);
    let missed = missed(measured.time > AT_MOST || measured.peak_kib > AT_MOST_KIB);
    let (seconds, megabytes) = (AT_MOST.as_secs(), AT_MOST_KIB >> 10);
    let judged = format!("{seconds} s, {megabytes} MB{missed}");
    println!(
        "| {name} | {:.2} | {:.2} | {:.0} | {judged} |",
        measured.time.as_secs_f64(),
        measured.cpu.as_secs_f64(),
        measured.peak_kib as f64 / 1024.0,
    );
}
