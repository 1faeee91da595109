//! Whether there is room for a backup, before it is begun.
//!
//! A dump that fills the disk fails after hours, and others that write there fail with it. How
//! much a backup will take is told by the one before it: its size, for what the tables took then.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use shared::backup::{self, Backup, Common, Manifest, Place};
use shared::units::human_bytes;
use shared::{Error, Result};

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
#[derive(Default, Clone)]
pub struct Room {
    claims: Arc<Mutex<Vec<Weak<Claim>>>>,
}

/// What one dump will take, as long as it lasts.
pub struct Claim {
    needed: u64,
    /// Whether it is for what waits to be compressed, which others go before.
    is_spill: bool,
    /// Where it is written, once it is.
    written: OnceLock<PathBuf>,
}

impl Claim {
    /// Says where the dump is written: what is there already is not needed again.
    pub fn is_written_to(&self, partial: &Path) {
        // There is one.
        let _ = self.written.set(partial.to_path_buf());
    }

    fn new(needed: u64, is_spill: bool) -> Arc<Self> {
        Arc::new(Self {
            needed,
            is_spill,
            written: OnceLock::new(),
        })
    }

    /// What is still to come. Where it was and is no more, it has its name, or was given up.
    fn left(&self) -> u64 {
        let written = self.written.get().and_then(|path| Place::of(path));
        let Some((place, name)) = written else {
            return self.needed;
        };
        match place.find(name) {
            Ok(found) if found.is_folder() => {
                let taken = place.within(name).taken_bytes();
                self.needed.saturating_sub(taken)
            }
            Ok(found) => self.needed.saturating_sub(found.bytes()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(_) => self.needed,
        }
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
        is_earlier: impl Fn(&Common) -> bool,
    ) -> Result<Arc<Claim>> {
        let mut claims = self.claims();
        let others = left(&claims, |_| true);
        let free = free_bytes(dir)?;
        let needed = match free >= largest(source_bytes) + others {
            true => cautious(source_bytes, compressed),
            false => match earlier(dir, is_earlier)? {
                Some(earlier) => learned(source_bytes, &earlier, compressed),
                None => cautious(source_bytes, compressed),
            },
        };
        let claim = Claim::new(needed + ALWAYS, false);
        if free < claim.needed + others {
            return Err(too_small(dir, claim.needed, free, source_bytes, others));
        }
        claims.push(Arc::downgrade(&claim));
        Ok(claim)
    }

    /// Takes it whether it is there or not.
    pub fn claim_by_force(&self, source_bytes: u64, compressed: bool) -> Arc<Claim> {
        let claim = Claim::new(cautious(source_bytes, compressed) + ALWAYS, false);
        self.claims().push(Arc::downgrade(&claim));
        claim
    }

    /// Sets aside, beside all that is claimed, what a dump of `source_bytes` of tables takes at
    /// most while it lies there uncompressed; `None` where there is less.
    pub fn spill(&self, dir: &Path, source_bytes: u64) -> Result<Option<Spill>> {
        let mut claims = self.claims();
        let claim = Claim::new(largest(source_bytes), true);
        if free_bytes(dir)? < claim.needed + left(&claims, |_| true) {
            return Ok(None);
        }
        claims.push(Arc::downgrade(&claim));
        drop(claims);
        Ok(Some(Spill {
            claim,
            room: self.clone(),
            dir: dir.to_path_buf(),
        }))
    }

    /// Those of what is under way.
    fn claims(&self) -> MutexGuard<'_, Vec<Weak<Claim>>> {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        claims.retain(|claim| claim.strong_count() > 0);
        claims
    }
}

/// What these still need.
fn left(claims: &[Weak<Claim>], which: impl Fn(&Claim) -> bool) -> u64 {
    let claims = claims.iter().filter_map(Weak::upgrade);
    claims
        .filter(|claim| which(claim))
        .map(|claim| claim.left())
        .sum()
}

/// What nothing that becomes of so many bytes of tables is larger than.
fn largest(source_bytes: u64) -> u64 {
    scaled(source_bytes, LARGEST) + ALWAYS
}

/// Room that is set aside for a dump that may lie there uncompressed for a while.
#[derive(Clone)]
pub struct Spill {
    claim: Arc<Claim>,
    room: Room,
    dir: PathBuf,
}

impl Spill {
    /// Says where it lies.
    pub fn lies_in(&self, folder: &Path) {
        self.claim.is_written_to(folder);
    }

    /// Whether it takes more than was set aside, or others took of the disk what the dumps
    /// themselves still need.
    pub fn is_exceeded(&self) -> bool {
        let taken = self.claim.written.get();
        let taken = taken.map_or(0, |folder| Place::new(folder).taken_bytes());
        taken > self.claim.needed || self.is_short()
    }

    /// Whether the disk has no room any more for the dumps themselves.
    pub fn is_short(&self) -> bool {
        let needed = left(&self.room.claims(), |claim| !claim.is_spill);
        free_bytes(&self.dir).is_ok_and(|free| free < needed)
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
fn earlier(dir: &Path, is_earlier: impl Fn(&Common) -> bool) -> Result<Option<Manifest>> {
    if !Place::new(dir).is_there() {
        return Ok(None);
    }
    let is_earlier = |backup: &&Backup| {
        let manifest = backup.manifest.as_deref();
        backup.is_ok() && manifest.is_some_and(&is_earlier)
    };
    let newest_first = backup::list(dir)?;
    let Some(newest) = newest_first.iter().find(is_earlier) else {
        return Ok(None);
    };
    // One that is deleted just now teaches nothing.
    Ok(Manifest::read_without_tables(&newest.path).unwrap_or_default())
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

fn free_bytes(dir: &Path) -> Result<u64> {
    Place::new(dir).free_bytes()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

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
        // It has its name now: the rest of what was foreseen does not come.
        fs::remove_file(&partial).unwrap();
        drop(claim().unwrap());
        drop(first);
        assert!(claim().is_ok());
    }

    #[test]
    fn what_waits_to_be_compressed_takes_no_room_from_a_dump() {
        let dir = tempfile::tempdir().unwrap();
        let room = Room::default();
        let free = free_bytes(dir.path()).unwrap();
        // A claim of two thirds, and a spill of a half.
        let (most, half) = (free / 3 * 4, free / 5);
        let spill = || room.spill(dir.path(), half).unwrap();
        let claim = || room.claim(dir.path(), most, true, |_| false);
        let dump = claim().unwrap();
        assert!(spill().is_none());
        drop(dump);
        let spilled = spill().unwrap();
        let detail = claim().err().unwrap();
        let detail = detail.detail().unwrap_or_default();
        assert!(detail.contains("at the same time need about"), "{detail}");
        assert!(!spilled.is_exceeded());
        // As if others had filled the disk.
        let forced = room.claim_by_force(free * 4, true);
        assert!(spilled.is_exceeded());
        drop(forced);
        assert!(!spilled.is_exceeded());
        drop(spilled);
        assert!(claim().is_ok());
    }

    #[test]
    fn a_folder_takes_what_its_files_take() {
        let dir = tempfile::tempdir().unwrap();
        let claim = Claim::new(10 << 20, false);
        assert_eq!(claim.left(), 10 << 20);
        claim.is_written_to(dir.path());
        fs::write(dir.path().join("1.dat"), vec![1; 4 << 20]).unwrap();
        assert!(claim.left() < 8 << 20, "{}", claim.left());
    }
}
