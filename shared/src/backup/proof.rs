//! What pg-restore-verify found, in `NAME.verified.json` beside a backup.

use std::io;
use std::path::Path;

use ::time::OffsetDateTime;
use serde::{Deserialize, Serialize};

use super::manifest::{Brief, Seal, bytes_of_hexadecimal, hexadecimal};
use super::name;
use super::place::Place;
use crate::error::{Context, Error, Result};
use crate::time::rfc3339;

/// What lies there under this name need not be ours.
const LONGEST: u64 = 1 << 20;

/// Whether a backup restored, and when that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// When it was seen.
    #[serde(with = "rfc3339")]
    pub verified_at: OffsetDateTime,
    /// True when everything in it was restored and proved.
    pub proved: bool,
    /// The verdict in words.
    pub message: String,
    /// The SHA-256 by the manifest of what was verified, where there is one file: whether the data
    /// is that is part of what was verified.
    pub sha256: Option<String>,
    /// The size by the manifest, over all files.
    pub bytes: u64,
    /// How long it took to restore.
    pub restore_ms: Option<u64>,
    /// The version of the server it was restored on.
    pub server_version: Option<String>,
    /// The version of pg-restore-verify.
    pub tool_version: String,
}

/// A proof as it is written.
#[derive(Serialize, Deserialize)]
struct Written<P> {
    #[serde(flatten)]
    proof: P,
    /// The last field of the manifest that lay there then: of a folder that alone says which one it
    /// was.
    #[serde(default)]
    manifest_sha256: Option<String>,
}

impl Proof {
    /// Reads what is known of the backup at `backup`; `None` where it was never verified or that
    /// can't be read: a backup is then unproved, no more.
    pub fn read(backup: &Path) -> Option<Self> {
        Self::read_with_seal(backup).map(|(proof, _)| proof)
    }

    /// The same, and of which manifest it is.
    pub(super) fn read_with_seal(backup: &Path) -> Option<(Self, Option<Seal>)> {
        let (place, name) = Place::of(backup)?;
        let file_name = name::proof_of(name);
        let text = place.read_all(&file_name, LONGEST).ok()?;
        if text.is_empty() {
            let at = place.find(&file_name).ok()?.modified()?;
            return Some((Self::without_words(at), None));
        }
        let written: Written<Self> = serde_json::from_slice(&text).ok()?;
        let seal = written.manifest_sha256;
        let seal = seal.and_then(|seal| bytes_of_hexadecimal(seal.as_bytes()));
        Some((written.proof, seal))
    }

    /// Writes it beside the backup, whole or not at all, for the eyes of those who may read the
    /// manifest: a backup is proved by one user and rotated by another.
    ///
    /// That one failed is noted where there is no room for words, too: an empty file says so.
    pub fn write(&self, backup: &Path) -> Result<()> {
        let named = || format!("could not write what was found beside {}", backup.display());
        let (place, name) = Place::of(backup).ok_or_else(|| Error::new(named()))?;
        let written = Written {
            proof: self,
            manifest_sha256: seal_of(&place, name).map(|seal| hexadecimal(&seal)),
        };
        let mut text = serde_json::to_string_pretty(&written).map_err(io::Error::from)?;
        text.push('\n');
        let (proof, manifest) = (name::proof_of(name), name::manifest_of(name));
        let write = |text| place.replace(&proof, text, name::UNFINISHED_PROOF, &manifest);
        let written = match write(&text) {
            // A name takes no room on most file systems.
            Err(error) if !self.proved && is_full(&error) => write(""),
            written => written,
        };
        written.context(named)
    }

    /// Whether it is what an empty file says, of whatever it lies beside.
    pub(super) fn is_without_words(&self) -> bool {
        self.tool_version.is_empty()
    }

    /// What an empty file says.
    fn without_words(verified_at: OffsetDateTime) -> Self {
        Self {
            verified_at,
            proved: false,
            message: "it was found to be no good, and there was no room to say why".into(),
            sha256: None,
            bytes: 0,
            restore_ms: None,
            server_version: None,
            tool_version: String::new(),
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

fn seal_of(place: &Place, file_name: &str) -> Option<Seal> {
    let read = Brief::default().read(place, file_name).ok()??;
    Some(read.1)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ::time::macros::datetime;

    use super::*;

    #[test]
    fn reads_back_what_it_wrote_and_takes_nonsense_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let backup = folder.path().join("a.dump");
        assert_eq!(Proof::read(&backup), None);
        let proof = Proof {
            verified_at: datetime!(2026-11-20 10:39:30 UTC),
            proved: true,
            message: "all is there".into(),
            sha256: Some("00".into()),
            bytes: 7,
            restore_ms: Some(1),
            server_version: Some("15.18".into()),
            tool_version: "0.1.0".into(),
        };
        proof.write(&backup).unwrap();
        proof.write(&backup).unwrap();
        assert_eq!(Proof::read(&backup), Some(proof));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::write(folder.path().join("a.dump.verified.json"), "{").unwrap();
        assert_eq!(Proof::read(&backup), None);
        fs::write(folder.path().join("a.dump.verified.json"), "").unwrap();
        assert!(Proof::read(&backup).is_some_and(|read| !read.proved));
    }
}
