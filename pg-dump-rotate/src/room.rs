//! Whether there is room for a backup, before it is begun.
//!
//! A dump that fills the disk fails after hours, and others that write there fail with it. How
//! much a backup will take is told by the one before it: its size, for what the tables took then.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

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

/// What the dumps of one run will take, of the same room.
#[derive(Default)]
pub struct Room {
    claims: Mutex<Vec<Weak<Claim>>>,
}

/// What one dump will take, as long as it lasts.
pub struct Claim {
    needed: u64,
    /// Where it is written, once it is.
    written: OnceLock<PathBuf>,
}

impl Claim {
    /// Says where the dump is written: what is there already is not needed again.
    pub fn is_written_to(&self, partial: &Path) {
        // There is one.
        let _ = self.written.set(partial.to_path_buf());
    }

    fn left(&self) -> u64 {
        let written = self.written.get().and_then(|path| path.metadata().ok());
        let written = written.map_or(0, |data| data.len());
        self.needed.saturating_sub(written)
    }
}

impl Room {
    /// An error unless there is room in `dir` for a dump of `source_bytes` of tables, beside those
    /// that are under way. `is_earlier` tells whether a backup is one of the same thing, in the same
    /// form.
    pub fn claim(
        &self,
        dir: &Path,
        source_bytes: u64,
        compressed: bool,
        is_earlier: impl Fn(&Manifest) -> bool,
    ) -> Result<Arc<Claim>> {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        claims.retain(|claim| claim.strong_count() > 0);
        let others = claims.iter().filter_map(Weak::upgrade);
        let others: u64 = others.map(|claim| claim.left()).sum();
        let free = free_bytes(dir)?;
        let needed = match free >= scaled(source_bytes, LARGEST) + ALWAYS + others {
            true => cautious(source_bytes, compressed),
            false => match earlier(dir, is_earlier)? {
                Some(earlier) => learned(source_bytes, &earlier, compressed),
                None => cautious(source_bytes, compressed),
            },
        };
        let claim = Arc::new(Claim {
            needed: needed + ALWAYS,
            written: OnceLock::new(),
        });
        if free < claim.needed + others {
            return Err(too_small(dir, claim.needed, free, source_bytes, others));
        }
        claims.push(Arc::downgrade(&claim));
        Ok(claim)
    }
}

/// What nothing that becomes of so many bytes of tables is larger than.
fn largest(source_bytes: u64) -> u64 {
    scaled(source_bytes, LARGEST) + ALWAYS
}

/// Room that is set aside for a dump that may lie there uncompressed for a while.
pub struct Spill(u64);

/// What all dumps of this run have set aside.
static SPILLED: Mutex<u64> = Mutex::new(0);

impl Spill {
    /// Sets aside what a dump of `source_bytes` of tables takes at most; `None` where there is
    /// less.
    pub fn of(dir: &Path, source_bytes: u64) -> Result<Option<Self>> {
        let wanted = largest(source_bytes);
        let free = free_bytes(dir)?;
        let mut claimed = SPILLED.lock().unwrap_or_else(PoisonError::into_inner);
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

impl Drop for Spill {
    fn drop(&mut self) {
        *SPILLED.lock().unwrap_or_else(PoisonError::into_inner) -= self.0;
    }
}

fn too_small(dir: &Path, needed: u64, free: u64, source_bytes: u64, others: u64) -> Error {
    let besides = match others {
        0 => String::new(),
        others => format!(
            "; the others that are taken at the same time need about {}",
            human_bytes(others)
        ),
    };
    Error::new(format!(
        "{} has {} free, and the backup needs about {}",
        dir.display(),
        human_bytes(free),
        human_bytes(needed)
    ))
    .with_detail(format!(
        "the tables take {} on the server, without indexes{besides}",
        human_bytes(source_bytes)
    ))
    .with_hint(match others {
        0 => "make room, or go on with --force",
        _ => "make room, take fewer at a time with --jobs, or go on with --force",
    })
}

/// The newest earlier backup that tells something.
fn earlier(dir: &Path, is_earlier: impl Fn(&Manifest) -> bool) -> Result<Option<Manifest>> {
    if !dir.is_dir() {
        return Ok(None);
    }
    let good = backup::list(dir)?.into_iter().filter(backup::Backup::is_ok);
    let earlier = good
        .filter_map(|backup| Some(*backup.manifest?))
        .filter(is_earlier);
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

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn those_that_are_under_way_share_the_room() {
        let dir = tempfile::tempdir().unwrap();
        let room = Room::default();
        // Each takes two thirds.
        let source_bytes = free_bytes(dir.path()).unwrap() / 3 * 4;
        let claim = || room.claim(dir.path(), source_bytes, true, |_| false);
        let first = claim().unwrap();
        let refused = claim().err().unwrap();
        let detail = refused.detail().unwrap_or_default();
        assert!(detail.contains("at the same time need about"), "{detail}");
        // What is written is no more to come; a hole in a file takes no room here.
        let partial = dir.path().join("partial");
        let file = File::create(&partial).unwrap();
        file.set_len(source_bytes).unwrap();
        first.is_written_to(&partial);
        drop(claim().unwrap());
        file.set_len(0).unwrap();
        assert!(claim().is_err());
        drop(first);
        assert!(claim().is_ok());
    }
}
