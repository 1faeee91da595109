//! What pg-restore-verify found, in `NAME.verified.json` beside a backup.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

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
        let path = path(backup)?;
        let metadata = fs::metadata(&path).ok()?;
        if !metadata.is_file() || metadata.len() > LONGEST {
            return None;
        }
        if metadata.len() == 0 {
            return Some((Self::without_words(&metadata)?, None));
        }
        let written: Written<Self> = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
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
        let path = path(backup).ok_or_else(|| Error::new(named()))?;
        let written = match self.write_to(backup, &path) {
            Err(error) if !self.proved && is_full(&error) => {
                // Neither a new name nor an emptied file takes room on most file systems.
                File::create(&path).and_then(|file| file.sync_all())
            }
            written => written,
        };
        written.context(named)?;
        // One that we may add to but not read can't be synced by us.
        match File::open(path.parent().unwrap_or(Path::new("."))) {
            Ok(folder) => folder.sync_all().context(named),
            Err(_) => Ok(()),
        }
    }

    fn write_to(&self, backup: &Path, path: &Path) -> io::Result<()> {
        let manifest =
            path.with_file_name(name::manifest_of(file_name(backup).unwrap_or_default()));
        let mut file = tempfile::Builder::new()
            .prefix(name::UNFINISHED_PROOF)
            .make_in(path.parent().unwrap_or(Path::new(".")), |path| {
                let mut options = File::options();
                options.write(true).create_new(true).mode(0o600).open(path)
            })?;
        let written = Written {
            proof: self,
            manifest_sha256: seal_of(backup).map(|seal| hexadecimal(&seal)),
        };
        let mut text = serde_json::to_string_pretty(&written).map_err(io::Error::from)?;
        text.push('\n');
        file.write_all(text.as_bytes())?;
        if let Ok(manifest) = fs::metadata(manifest) {
            // Only root may give it away, and need not.
            let _ = fchown(file.as_file(), Some(manifest.uid()), Some(manifest.gid()));
            let mode = Permissions::from_mode(manifest.mode() & 0o666);
            file.as_file().set_permissions(mode)?;
        }
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Whether it is what an empty file says, of whatever it lies beside.
    pub(super) fn is_without_words(&self) -> bool {
        self.tool_version.is_empty()
    }

    /// What an empty file says.
    fn without_words(metadata: &fs::Metadata) -> Option<Self> {
        Some(Self {
            verified_at: crate::time::of_file(metadata.modified().ok()?)?,
            proved: false,
            message: "it was found to be no good, and there was no room to say why".into(),
            sha256: None,
            bytes: 0,
            restore_ms: None,
            server_version: None,
            tool_version: String::new(),
        })
    }
}

fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

fn seal_of(backup: &Path) -> Option<Seal> {
    let (place, file_name) = Place::of(backup)?;
    let read = Brief::default().read(place, file_name).ok()??;
    Some(read.1)
}

fn path(backup: &Path) -> Option<PathBuf> {
    Some(backup.with_file_name(name::proof_of(file_name(backup)?)))
}

fn file_name(backup: &Path) -> Option<&str> {
    backup.file_name()?.to_str()
}

#[cfg(test)]
mod tests {
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
