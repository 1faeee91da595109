//! How much room a server's data has.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::look::Seen;
use crate::sections::{server, wal};

/// What is known of it beforehand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk {
    /// What data and WAL have in all, as `--disk` says.
    pub bytes: Option<u64>,
}

impl Disk {
    /// How much more there is, of what the databases take so much of; none if that can't be told.
    pub fn free(self, seen: &Seen, used: Option<f64>) -> Option<f64> {
        match self.bytes {
            Some(bytes) => {
                let wal = only(seen, &wal::SECTION, |row| row.number("directory_bytes"));
                Some((bytes as f64 - used? - wal.unwrap_or(0.0)).max(0.0))
            }
            None => room(seen).map(|room| room.free),
        }
    }
}

/// The room in a file system.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// For others than its own administrator.
    pub free: f64,
    used: f64,
}

impl Room {
    /// How much of what there is for them is used.
    pub fn used_ratio(self) -> f64 {
        match self.used + self.free {
            0.0 => 1.0,
            all => self.used / all,
        }
    }
}

/// The room in the file system of a server on this machine.
pub fn room(seen: &Seen) -> Option<Room> {
    let folder = only(seen, &server::SECTION, |row| {
        row.text("data_directory").map(str::to_string)
    })?;
    let data = fs::metadata(&folder).ok()?;
    // In a container are folders that are called like ours: ours is the one that the server's owner has.
    if !data.is_dir() || server_owner(seen)? != data.uid() {
        return None;
    }
    let room = rustix::fs::statvfs(Path::new(&folder)).ok()?;
    let bytes = |blocks: u64| blocks as f64 * room.f_frsize as f64;
    Some(Room {
        free: bytes(room.f_bavail),
        used: bytes(room.f_blocks.saturating_sub(room.f_bfree)),
    })
}

/// Who runs it, as far as it is on this machine: who has its socket, or one of its processes.
fn server_owner(seen: &Seen) -> Option<u32> {
    let (host, port) = seen.origin.target.rsplit_once(':')?;
    if host.starts_with('/') {
        let socket = Path::new(host).join(format!(".s.PGSQL.{port}"));
        return Some(fs::metadata(socket).ok()?.uid());
    }
    // An address may be anybody's, and a tunnel's end is one of ours.
    let pid = only(seen, &server::SECTION, |row| row.number("checkpointer_pid"))?;
    let process = Path::new("/proc").join(pid.to_string());
    let command = fs::read_to_string(process.join("comm")).ok()?;
    let is_server = command.starts_with("postgres");
    is_server.then(|| Some(fs::metadata(process).ok()?.uid()))?
}

fn only<T>(
    seen: &Seen,
    section: &'static crate::section::Section,
    get: impl Fn(&crate::row::Row) -> Option<T>,
) -> Option<T> {
    let rows = seen.part(section, None)?.rows.as_ref().ok()?;
    get(rows.first()?)
}
