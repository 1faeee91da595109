//! Whether a private server's data may lie in memory, where a slow disk holds nothing up.
//!
//! Memory is for others, too. Of what is free, on the machine and in each control group that we
//! are in, a quarter is taken at most, or what `--memory` allows up to half of it; and only where it is known how
//! large the database was. Who is a person, for systemd, may lose what is there by logging out
//! (RemoveIPC), and has to ask for it. What needs more all the same goes on the disk.

use std::fs;
use std::path::{Path, PathBuf};

use shared::backup::Manifest;
use shared::cluster::{IN_MEMORY, any_in_memory};

use crate::archive::Archive;

/// What a statfs says of such a one.
const TMPFS: i64 = 0x0102_1994;
/// Indexes, and what sorting them needs.
const OF_TABLES: u64 = 3;
/// WAL grows with the tables, up to this: `max_wal_size`, and what is over it for a moment.
const MOST_WAL: u64 = 512 << 20;
/// An empty database, and the first of the WAL.
const ALWAYS: u64 = 128 << 20;
/// The part of free memory that is taken at most.
const SHARE: u64 = 4;
/// The number of the first user who is none of the system's, for systemd as for login.defs(5).
const FIRST_PERSON: u32 = 1000;
/// What is there if systemd runs the machine (sd_booted(3)).
const SYSTEMD: &str = "/run/systemd/system";

/// How much memory may be used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// `--memory`.
    pub most: Option<u64>,
}

impl Memory {
    /// The folder in memory for what this backup restores to, if it may and will fit there.
    /// `is_there`: our server is there already, and will be empty. What those of others still
    /// grow to is not known: without `--memory` there is one at a time.
    pub fn folder_for(self, archive: &Archive, is_there: bool) -> Option<PathBuf> {
        let needed = needed(archive)?;
        let (may, share) = match self.most {
            Some(most) => (needed <= most, 2),
            None => {
                let chosen = std::env::var_os("TMPDIR").is_some_and(|folder| !folder.is_empty());
                let may = !chosen && stays_there() && (is_there || !any_in_memory());
                (may, SHARE)
            }
        };
        let fits = may && needed <= free_memory()? / share;
        (fits && has_room(Path::new(IN_MEMORY), needed)).then(|| PathBuf::from(IN_MEMORY))
    }
}

/// Whether nobody takes away what we have in memory: systemd does, when they log out, of all users
/// but those of the system, root among them (logind.conf(5), `RemoveIPC`).
fn stays_there() -> bool {
    let is_of_system = rustix::process::geteuid().as_raw() < FIRST_PERSON;
    is_of_system || !Path::new(SYSTEMD).exists()
}

/// How much it may take, where that is known.
fn needed(archive: &Archive) -> Option<u64> {
    let tables = Manifest::read(&archive.path).ok()??.source_bytes?;
    let tables = tables.max(archive.bytes());
    let wal = tables.saturating_mul(2).min(MOST_WAL);
    Some(
        tables
            .saturating_mul(OF_TABLES)
            .saturating_add(wal + ALWAYS),
    )
}

/// Whether it is a file system in memory with so much free, and as much again.
#[allow(clippy::useless_conversion)] // the type differs between machines
fn has_room(place: &Path, needed: u64) -> bool {
    let is_memory = rustix::fs::statfs(place).is_ok_and(|found| i64::from(found.f_type) == TMPFS);
    let free =
        rustix::fs::statvfs(place).map(|space| space.f_bavail.saturating_mul(space.f_frsize));
    is_memory && free.is_ok_and(|free| free / 2 >= needed)
}

/// What the machine and our control groups leave; nothing where that can't be seen.
fn free_memory() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok()?;
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limits = limits(&groups, |path| fs::read_to_string(path).ok());
    Some(limits.into_iter().fold(available(&machine)?, u64::min))
}

/// `MemAvailable` of /proc/meminfo, in bytes.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

/// What each control group with a limit leaves, ours and those above it (cgroups(7)).
fn limits(groups: &str, read: impl Fn(&str) -> Option<String>) -> Vec<u64> {
    let number = |path: String| read(&path)?.trim().parse::<u64>().ok();
    let mut left = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (parts.next(), parts.next()) else {
            continue;
        };
        let (root, most, used) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max", "memory.current"),
            _ if controllers.split(',').any(|name| name == "memory") => (
                "/sys/fs/cgroup/memory",
                "memory.limit_in_bytes",
                "memory.usage_in_bytes",
            ),
            _ => continue,
        };
        for group in Path::new(group).ancestors() {
            let file = |name: &str| {
                let group = group.display().to_string();
                format!("{root}/{}/{name}", group.trim_matches('/'))
            };
            if let (Some(most), Some(used)) = (number(file(most)), number(file(used))) {
                left.push(most.saturating_sub(used));
            }
        }
    }
    left
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_the_machine_has() {
        let text = "MemTotal:       24683888 kB\nMemAvailable:   22493000 kB\n";
        assert_eq!(available(text), Some(22_493_000 << 10));
        assert_eq!(available("MemTotal: 1 kB\n"), None);
    }

    #[test]
    fn what_control_groups_leave() {
        let read = |path: &str| {
            let text = match path {
                "/sys/fs/cgroup/a/memory.max" => "1000",
                "/sys/fs/cgroup/a/memory.current" => "300",
                "/sys/fs/cgroup/a/b/memory.max" => "max",
                "/sys/fs/cgroup/a/b/memory.current" => "200",
                "/sys/fs/cgroup/memory/c/memory.limit_in_bytes" => "500",
                "/sys/fs/cgroup/memory/c/memory.usage_in_bytes" => "600",
                _ => return None,
            };
            Some(format!("{text}\n"))
        };
        assert_eq!(limits("0::/a/b\n", read), [700]);
        assert_eq!(limits("5:cpu:/x\n4:blkio,memory:/c\n0::/\n", read), [0]);
        assert_eq!(limits("0::/\n", read), [0; 0]);
    }
}
