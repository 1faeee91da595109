//! Whether there is room for a backup, before it is begun.
//!
//! A dump that fills the disk fails after hours, and others that write there fail with it. How
//! much a backup will take is told by the one before it: its size, for what the tables took then.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use shared::backup::{self, Manifest};
use shared::units::human_bytes;
use shared::{Context, Error, Result};

/// Before there is a backup to learn from: what a table's pages become, compressed and not. Text
/// that is long becomes larger when it is not compressed, because the server compresses it.
const COMPRESSED: f64 = 0.5;
const UNCOMPRESSED: f64 = 1.5;
/// Nothing that becomes of pages is larger than so much: where that fits, all is well.
const LARGEST: f64 = 2.5;
/// A database grows, and what it grows by may be harder to compress.
const MARGIN: f64 = 1.15;
/// Definitions, the manifest, and what others write meanwhile.
const ALWAYS: u64 = 4 << 20;
/// The sizes of smaller backups say nothing: most of them is definitions.
const TELLING: u64 = 1 << 20;

/// An error unless there is room in `dir` for a dump of `source_bytes` of tables. `is_earlier`
/// tells whether a backup is one of the same thing, in the same form.
pub fn check(
    dir: &Path,
    source_bytes: u64,
    compressed: bool,
    is_earlier: impl Fn(&Manifest) -> bool,
) -> Result<()> {
    let free = free_bytes(dir)?;
    if free >= largest(source_bytes) {
        return Ok(());
    }
    let needed = match earlier(dir, is_earlier)? {
        Some(earlier) => learned(source_bytes, &earlier, compressed),
        None => cautious(source_bytes, compressed),
    };
    match free >= needed + ALWAYS {
        true => Ok(()),
        false => Err(too_small(dir, needed, free, source_bytes)),
    }
}

/// What nothing that becomes of so many bytes of tables is larger than.
fn largest(source_bytes: u64) -> u64 {
    scaled(source_bytes, LARGEST) + ALWAYS
}

/// Room that is set aside for a dump that may lie there uncompressed for a while.
pub struct Claim(u64);

/// What all dumps of this run have set aside.
static CLAIMED: Mutex<u64> = Mutex::new(0);

impl Claim {
    /// Sets aside what a dump of `source_bytes` of tables takes at most; `None` where there is
    /// less.
    pub fn of(dir: &Path, source_bytes: u64) -> Result<Option<Self>> {
        let wanted = largest(source_bytes);
        let free = free_bytes(dir)?;
        let mut claimed = CLAIMED.lock().unwrap_or_else(PoisonError::into_inner);
        if free.saturating_sub(*claimed) < wanted {
            return Ok(None);
        }
        *claimed += wanted;
        Ok(Some(Self(wanted)))
    }

    /// How much it is.
    pub fn bytes(&self) -> u64 {
        self.0
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        *CLAIMED.lock().unwrap_or_else(PoisonError::into_inner) -= self.0;
    }
}

fn too_small(dir: &Path, needed: u64, free: u64, source_bytes: u64) -> Error {
    Error::new(format!(
        "{} has {} free, and the backup needs about {}",
        dir.display(),
        human_bytes(free),
        human_bytes(needed + ALWAYS)
    ))
    .with_detail(format!(
        "the tables take {} on the server, without indexes",
        human_bytes(source_bytes)
    ))
    .with_hint("make room, or go on with --force")
}

/// The newest earlier backup that tells something.
fn earlier(dir: &Path, is_earlier: impl Fn(&Manifest) -> bool) -> Result<Option<Manifest>> {
    if !dir.is_dir() {
        return Ok(None);
    }
    let good = backup::list(dir)?.into_iter().filter(backup::Backup::is_ok);
    let earlier = good.filter_map(|backup| backup.manifest).filter(is_earlier);
    Ok(earlier.max_by_key(|manifest| manifest.taken_at))
}

fn learned(source_bytes: u64, earlier: &Manifest, compressed: bool) -> u64 {
    match earlier.source_bytes {
        Some(then) if then >= TELLING => {
            #[allow(clippy::cast_precision_loss, reason = "an estimate")]
            let ratio = earlier.bytes() as f64 / then as f64;
            scaled(source_bytes, ratio * MARGIN)
        }
        _ => cautious(source_bytes, compressed).max(scaled(earlier.bytes(), MARGIN)),
    }
}

fn cautious(source_bytes: u64, compressed: bool) -> u64 {
    scaled(
        source_bytes,
        if compressed { COMPRESSED } else { UNCOMPRESSED },
    )
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate, and both factors are positive"
)]
fn scaled(bytes: u64, factor: f64) -> u64 {
    (bytes as f64 * factor) as u64
}

/// What an ordinary user may still write to the file system of `dir`, which need not be there yet.
fn free_bytes(dir: &Path) -> Result<u64> {
    let there = dir.ancestors().find(|folder| folder.exists());
    let there = there.unwrap_or(Path::new("/"));
    let space = rustix::fs::statvfs(there)
        .map_err(std::io::Error::from)
        .context(|| {
            format!(
                "could not ask how much room there is in {}",
                there.display()
            )
        })?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}
