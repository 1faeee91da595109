//! Whether there is room for what a backup restores to, before any of it is restored.
//!
//! A restore that fills the disk fails after hours, and others that write there fail with it.
//! Refused is only what can hardly fit: how large the database will be nobody knows before.

use std::path::Path;

use shared::backup::Manifest;
use shared::dump::{Compression, Packing, Toc};
use shared::units::human_bytes;
use shared::{Context as _, Error, Result};

use crate::archive::{Archive, Kind};

/// WAL, what sorting an index needs, and what others write meanwhile.
const ALWAYS: u64 = 64 << 20;
/// Of what the tables took where they came from: their indexes come on top, holes in them do not
/// come back.
const OF_TABLES: f64 = 1.1;
/// Text that is not compressed may become smaller: the server compresses what is long, and writes
/// bytes and numbers more briefly.
const OF_TEXT: f64 = 0.5;

/// An error unless the backup may fit into a throw-away server's folder.
pub fn check(
    archive: &Archive,
    manifest: Option<&Manifest>,
    toc: Option<&Toc>,
    folder: &Path,
) -> Result<()> {
    let space = rustix::fs::statvfs(folder)
        .map_err(std::io::Error::from)
        .context(|| format!("the room in {}", folder.display()))?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let (needed, why) = needed(archive, manifest, toc);
    if free >= needed {
        return Ok(());
    }
    let place = folder.parent().unwrap_or(folder).display();
    Err(Error::new(format!(
        "there is no room to restore the backup: it needs about {}, and {place} has {} free",
        human_bytes(needed),
        human_bytes(free)
    ))
    .with_detail(why)
    .with_hint(MAKE_ROOM))
}

/// What to say where it was full in the midst of it.
pub fn full(detail: impl Into<String>) -> Error {
    Error::new(FULL).with_detail(detail)
}

/// Whether that was it.
pub fn is_full(error: &Error) -> bool {
    error.message() == FULL
}

const FULL: &str = "there is no room to restore the backup";
/// What to do about it on a server of our own.
pub const MAKE_ROOM: &str = "make room, or name another folder in TMPDIR";

/// How many bytes, and how that is known.
fn needed(archive: &Archive, manifest: Option<&Manifest>, toc: Option<&Toc>) -> (u64, String) {
    if let Some(bytes) = manifest.and_then(|manifest| manifest.source_bytes) {
        let why = format!(
            "the tables took {} on their server, without indexes",
            human_bytes(bytes)
        );
        return (scaled(bytes, OF_TABLES) + ALWAYS, why);
    }
    let bytes = archive.bytes();
    let compressed = match archive.kind {
        Kind::Plain(compression) | Kind::Globals(compression) => compression != Compression::None,
        _ => toc.is_some_and(|toc| toc.packing != Some(Packing::None)),
    };
    let (least, how) = match compressed {
        true => (bytes, "compressed"),
        false => (scaled(bytes, OF_TEXT), "not compressed"),
    };
    let why = format!("the backup has {}, {how}", human_bytes(bytes));
    (least + ALWAYS, why)
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)] // an estimate needs no last digits
fn scaled(bytes: u64, factor: f64) -> u64 {
    (bytes as f64 * factor) as u64
}
