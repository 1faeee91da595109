//! Gives back the room of the beginning of a file that still grows.
//!
//! That is worth it only where what was written a moment ago is then never put on the disk: most
//! file systems first put it there, and a disk that has to take the whole dump uncompressed is
//! slower than a pg_dump that compresses. Those that don't: ext4 from Linux 6.14, and memory.

use std::fs::File;
use std::io;

use shared::backup::Place;

/// Gives back what is between these places.
#[cfg(target_os = "linux")]
pub fn punch(file: &File, from: u64, until: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    let how = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    Ok(fallocate(file, how, from, until - from)?)
}

/// Only Linux does.
#[cfg(not(target_os = "linux"))]
pub fn punch(_file: &File, _from: u64, _until: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether it costs the disk nothing in this folder: seen by trying.
pub fn is_free(folder: &Place) -> bool {
    const NAME: &str = "probe";
    let tried = folder.create(NAME).and_then(try_with);
    folder.remove(NAME).is_ok() && tried.unwrap_or(false)
}

fn try_with(mut file: File) -> io::Result<bool> {
    use std::io::Write;
    const BYTES: usize = 256 << 10;
    file.write_all(&[1; BYTES])?;
    let before = cancelled_bytes();
    punch(&file, 0, BYTES as u64)?;
    let cancelled = before.zip(cancelled_bytes());
    Ok(is_in_memory(&file)
        || cancelled.is_some_and(|(before, after)| after - before >= BYTES as u64))
}

/// How much of what this thread has written was given up before the disk had it.
fn cancelled_bytes() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/thread-self/io").ok()?;
    let mut lines = told.lines();
    let line = lines.find_map(|line| line.strip_prefix("cancelled_write_bytes: "));
    line?.parse().ok()
}

#[cfg(target_os = "linux")]
fn is_in_memory(file: &File) -> bool {
    const TMPFS: u32 = 0x0102_1994;
    rustix::fs::fstatfs(file).is_ok_and(|system| system.f_type as u32 == TMPFS)
}

#[cfg(not(target_os = "linux"))]
fn is_in_memory(_file: &File) -> bool {
    false
}
