//! What is left behind: processes and files.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// The numbers of the processes whose command line holds the text, without those
/// that have ended and only wait for their parent.
pub fn processes_with(text: &str) -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| *pid != std::process::id() && command_line(*pid).contains(text))
        .collect()
}

/// A command line, its words separated by spaces; empty for one that has ended.
fn command_line(pid: u32) -> String {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&words).replace('\0', " ")
}

/// The numbers of the processes that work in the folder or name it: PostgreSQL's
/// processes replace their command line, but stay in their data directory.
pub fn processes_of(folder: &Path) -> Vec<u32> {
    let named = processes_with(&folder.display().to_string());
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let inside = entries.filter(|entry| {
        let current = fs::read_link(entry.path().join("cwd"));
        current.is_ok_and(|current| current.starts_with(folder))
    });
    let mut pids: Vec<u32> = inside
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .chain(named)
        .collect();
    pids.sort_unstable();
    pids.dedup();
    pids
}

/// Shared memory that one of the processes made or uses: files, and the numbers
/// of System V segments.
pub fn shared_memory_of(pids: &[u32]) -> Vec<String> {
    let mut found = Vec::new();
    for pid in pids {
        let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
        let files = maps
            .lines()
            .filter_map(|line| line.find("/dev/shm/").map(|at| &line[at..]));
        found.extend(files.map(str::to_string));
    }
    let segments = fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    for line in segments.lines().skip(1) {
        // key shmid perms size cpid lpid nattch
        let fields: Vec<&str> = line.split_whitespace().collect();
        let creator = fields[4].parse();
        // What a killed server left may have been made by an earlier process of the same number.
        if fields[6] != "0" && creator.is_ok_and(|creator| pids.contains(&creator)) {
            found.push(fields[1].to_string());
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Whether a piece of shared memory that [`shared_memory_of`] found is still there.
pub fn shared_memory_exists(name: &str) -> bool {
    let segments = || fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    Path::new(name).exists()
        || segments()
            .lines()
            .any(|line| line.split_whitespace().nth(1) == Some(name))
}

/// The names of everything in a folder, sorted; none if there is no such folder.
pub fn files_in(folder: impl AsRef<Path>) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// Waits until the condition holds, and fails if it does not within two minutes, which no machine is too slow for.
#[track_caller]
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !condition() {
        assert!(Instant::now() < deadline, "not within 120 s: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
